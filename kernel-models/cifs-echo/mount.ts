/**
 * The mount: what the user asked for, and the state in which negotiation leaves a session. Members that a kernel does
 * not have are left out of its model, and setting them here changes nothing.
 */

import { cstring } from "../../tools/simulator/pointers.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import type { WorkqueueOptions } from "../../tools/simulator/workqueue.ts";
import type { Scenario } from "./echo-run.ts";

export type Members = Record<string, unknown>;
type Constructor = new (kernel: Simulation) => Members;

/** What a generated module exports. */
export interface ModelModule {
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly createModel: (
    kernel: Simulation,
    environment: unknown,
    options: { readonly workqueueOptions: WorkqueueOptions },
  ) => ModelInstance;
}

export interface ModelInstance {
  readonly globals: Members;
  readonly structs: Readonly<Record<string, Constructor>>;
  readonly tables: Readonly<Record<string, Members>>;
  readonly functions: Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;
}

const CONTEXTS = ["smb3_fs_context", "smb_vol"];

/** Sets a member that the model keeps. */
export function setMember(object: Members, name: string, value: unknown): void {
  if (name in object) object[name] = value;
}

/** The arguments of cifs_get_tcp_session(): mount options (uapi: echo_interval in seconds), and no primary channel. */
export function mountOptions(kernel: Simulation, model: ModelInstance, scenario: Scenario): readonly unknown[] {
  const name = CONTEXTS.find((one) => Object.hasOwn(model.structs, one));
  const made = name === undefined ? undefined : model.structs[name];
  const context: Members = made === undefined ? {} : new made(kernel);
  setMember(context, "echo_interval", scenario.echoIntervalSeconds);
  for (const name of ["UNC", "UNCip", "server_hostname", "source_rfc1001_name"]) {
    if (name in context && context[name] === null) context[name] = cstring("server");
  }
  const tables = Object.entries(model.tables);
  setMember(context, "ops", tables.find(([table]) => table.endsWith("_operations"))?.[1] ?? null);
  setMember(context, "vals", tables.find(([table]) => table.endsWith("_values"))?.[1] ?? null);
  return [context, null];
}

/** [MS-SMB2] 3.2.5.2: what a successful NEGOTIATE and SESSION_SETUP leave in the connection. */
export function negotiated(session: unknown, constants: Readonly<Record<string, number>>): void {
  const server = session as Members;
  setMember(server, "tcpStatus", constants["CifsGood"] ?? 1);
  setMember(server, "maxBuf", 16_644);
  setMember(server, "max_read", 65_536);
  setMember(server, "echoes", true);
  setMember(server, "credits", 100);
  setMember(server, "echo_credits", 1);
  setMember(server, "oplock_credits", 1);
  setMember(server, "session_estab", true);
}
