/**
 * C of a few lines, translated, compiled, and set up on a simulated machine: what the tests of tools/translate run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import type { ParseChecker } from "../../tools/c/parse-check.ts";
import type { Program } from "../../tools/c/program.ts";
import { compileModel, instantiateModel } from "../../tools/check/load-model.ts";
import { Simulation, type SimulationOptions } from "../../tools/simulator/simulation.ts";
import { type Coroutine, kthread_run } from "../../tools/simulator/tasks.ts";
import { scanKernel } from "../../tools/timing/scan.ts";
import type { SystemModel } from "../../tools/translate/boundary.ts";
import { type TranslateOptions, type Translation, translateSystem } from "../../tools/translate/model.ts";
import { FILE, memorySource } from "../timing/memory-source.ts";

export { FILE };

const TEMPLATE = readFileSync(join(import.meta.dirname, "../../templates/model.ts.hbs"), "utf8");
const NO_CHECKER: ParseChecker = { add: () => 0, finish: async () => [] };

/** What a test says of its system and its machine; entry points are all functions of the text when absent. */
export interface Setup extends Partial<Omit<SystemModel, "name" | "entries">> {
  readonly entries?: readonly string[];
  readonly longBits?: 32 | 64;
  readonly version?: string | null;
}

/** C as one file, or several by their paths. */
export type Text = string | Readonly<Record<string, string>>;

type AnyFunction = (...given: readonly unknown[]) => unknown;
type Members = Record<string, unknown>;

/** A model that runs. */
export interface Instance {
  readonly kernel: Simulation;
  readonly globals: Members;
  readonly structs: Readonly<Record<string, new (kernel: Simulation) => Members>>;
  readonly tables: Readonly<Record<string, Members>>;
  readonly functions: Readonly<Record<string, AnyFunction>>;
  /** Calls a function of the model. */
  readonly call: (name: string, ...given: readonly unknown[]) => unknown;
  /** Runs a function that blocks in a thread until nothing can happen any more; what it returned, and when. */
  readonly block: (name: string, ...given: readonly unknown[]) => { readonly result: unknown; readonly ticks: number };
}

function filesOf(text: Text): Readonly<Record<string, string>> {
  return typeof text === "string" ? { [FILE]: text } : text;
}

/** Scans C in memory; functions that do not parse are left to the translator to tell of. */
export async function programOfText(text: Text): Promise<Program> {
  const files = filesOf(text);
  return (await scanKernel(memorySource(files), Object.keys(files), everythingEnabled(), NO_CHECKER)).program;
}

/** What all functions of the slice are called, in the order of their files. */
function functionNames(program: Program): readonly string[] {
  return [...new Set(program.files.flatMap((file) => file.functions.map((fn) => fn.name)))];
}

/** Translates C in memory. */
export async function translated(text: Text, setup: Setup = {}): Promise<Translation> {
  return translatedProgram(await programOfText(text), setup);
}

/** Translates a program. */
export function translatedProgram(program: Program, setup: Setup): Translation {
  const { entries, longBits = 64, version = "6.1.0", ...system } = setup;
  const model: SystemModel = {
    name: "test",
    entries: (entries ?? functionNames(program)).map((name) => ({ name })),
    stores: [],
    environment: [],
    environmentMembers: [],
    tables: {},
    noEffect: [],
    constants: [],
    works: [],
    guarded: [],
    state: [],
    beyond: [],
    observed: [],
    ...system,
  };
  const options: TranslateOptions = {
    kernel: { id: "memory", version },
    longBits,
    template: TEMPLATE,
    simulatorPath: "../../tools/simulator",
  };
  return translateSystem(program, model, options);
}

/** Sets a translation up on a machine; `environment` are the functions that it calls over its boundary. */
export function instance(
  translation: Translation,
  environment: Readonly<Record<string, unknown>> = {},
  options: SimulationOptions = { hz: 250 },
): Instance {
  return instanceOf(instantiateModel(compileModel(translation.text)), environment, options);
}

/** A model that is loaded already, on one more machine. */
export function instanceOf(
  module: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, unknown>>,
  options: SimulationOptions,
): Instance {
  const kernel = new Simulation(options);
  const create = module.createModel as (kernel: Simulation, environment: unknown, model: unknown) => Instance;
  const model = create(kernel, { members: {}, ...environment }, { workqueueOptions: {} });
  const call = (name: string, ...given: readonly unknown[]): unknown => {
    const fn = model.functions[name];
    if (fn === undefined) throw new Error(`the model has no function ${name}`);
    return fn(...given);
  };
  const block = (name: string, ...given: readonly unknown[]): { result: unknown; ticks: number } => {
    const start = kernel.clock.tick;
    const seen: { result: unknown; ticks: number } = { result: undefined, ticks: -1 };
    kthread_run(kernel, name, function* (): Coroutine {
      seen.result = yield* call(name, ...given) as Coroutine<unknown>;
      seen.ticks = kernel.clock.tick - start;
    });
    kernel.run({ untilTick: start + 1_000_000 });
    return seen;
  };
  const { globals, structs, tables, functions } = model;
  return { kernel, globals, structs, tables, functions, call, block };
}

/** C that must be translated as a whole, running. */
export async function model(
  text: Text,
  setup: Setup = {},
  environment: Readonly<Record<string, unknown>> = {},
  options: SimulationOptions = { hz: 250, ...(setup.longBits === undefined ? {} : { longBits: setup.longBits }) },
): Promise<Instance> {
  const translation = await translated(text, setup);
  const [first] = translation.unmodelled;
  if (first !== undefined) throw new Error(`not modelled: ${first.file}:${first.line}: ${first.what}`);
  return instance(translation, environment, options);
}

/** What a translation says that it does not model, each as `line: what`. */
export async function unmodelledIn(text: Text, setup: Setup = {}): Promise<readonly string[]> {
  return (await translated(text, setup)).unmodelled.map(({ line, what }) => `${line}: ${what}`);
}
