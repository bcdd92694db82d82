/**
 * The reconnect of an NFS client: a task that waits for a connection, the worker that makes it, and who runs first.
 */
import type { RepairableSystem } from "../system.ts";
import { reconnectDraft } from "./draft.ts";
import { exercise } from "./exercise.ts";
import { reconnectFigures } from "./figure-text.ts";
import type { Figures } from "./figure-types.ts";
import { reconnectOptions } from "./options.ts";
import { reconnectProperties } from "./properties.ts";
import { type ReconnectRun, reconnectKernelFacts, reconnectRunner } from "./reconnect-run.ts";
import { reconnectRepair } from "./repair.ts";
import type { Scenario } from "./scenarios.ts";
import { sunrpcReconnectSlice } from "./slice.ts";
import { reconnectWitness } from "./witness.ts";

export const sunrpcReconnect: RepairableSystem<Scenario, ReconnectRun, Figures> = {
  name: "sunrpc-reconnect",
  title: "NFS reconnect",
  folders: ["net/sunrpc"],
  model: sunrpcReconnectSlice,
  beside: ["include/linux/sunrpc"],
  execution: "frames",
  createRunner: reconnectRunner,
  kernelFacts: reconnectKernelFacts,
  properties: reconnectProperties,
  options: reconnectOptions,
  witness: reconnectWitness,
  figures: reconnectFigures,
  exercise,
  repair: reconnectRepair,
  draft: reconnectDraft,
};
