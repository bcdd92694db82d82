/** What a generated model exports, and members that some kernels do not have. */
import type { Machine } from "../../tools/simulator/machine.ts";

export type Members = Record<string, unknown>;

/** What a generated module exports. */
export interface ModelModule {
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly createModel: (kernel: unknown, environment: unknown, options: unknown) => ModelInstance;
}

export interface ModelInstance {
  readonly globals: Members;
  readonly structs: Readonly<Record<string, new (kernel: unknown) => Members>>;
  readonly functions: Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;
}

/** Sets a member that the model keeps; one that this kernel does not have is left out of it. */
export function setMember(object: Members, name: string, value: unknown): void {
  if (name in object) object[name] = value;
}

/** A struct of the model; an empty object where this kernel has none of that name, or nothing looks into it. */
export function makeStruct(machine: Machine, model: ModelInstance, name: string, members: Members = {}): Members {
  const Made = model.structs[name];
  const made: Members = Made === undefined ? {} : new Made(machine);
  for (const [member, value] of Object.entries(members)) setMember(made, member, value);
  return made;
}

/** The object that a member holds. */
export function objectIn(object: Members | null, name: string): Members | null {
  const held = object?.[name];
  return typeof held === "object" && held !== null ? (held as Members) : null;
}
