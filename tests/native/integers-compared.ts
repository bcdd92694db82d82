/**
 * The same cases through gcc and through the translator: their C text, the results of both, and what is different.
 */
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { readCFile } from "../../tools/c/file.ts";
import { Program } from "../../tools/c/program.ts";
import { compileModel, instantiateModel } from "../../tools/check/load-model.ts";
import { fromBigInt, type Int64 } from "../../tools/simulator/integers.ts";
import { ElementPointer } from "../../tools/simulator/pointers.ts";
import type { SimulationOptions } from "../../tools/simulator/simulation.ts";
import { FILE, type Instance, instanceOf, translatedProgram } from "../translate/harness.ts";
import type { Case } from "./expressions.ts";
import { DECLARATIONS, ELEMENTS, type Place } from "./integer-places.ts";
import { compiledResults, type Functions, type Machine, type Vector } from "./integers-compiled.ts";
import { insideSmaller, smallerPieces, textOf } from "./pieces.ts";

/** Cases of one C function: a slice has few functions, large ones take longer, and what throws hides what is behind. */
const PER_FUNCTION = 10;

/** A case whose results are not the same. */
export interface Difference {
  readonly one: Case;
  readonly vector: Vector;
  readonly compiled: readonly bigint[];
  readonly model: readonly unknown[];
}

/** A place with all of its elements. */
function wholes(place: Place): readonly string[] {
  if (place.kind !== "array") return [place.text];
  return Array.from({ length: ELEMENTS }, (_, i) => `${place.text}[${i}]`);
}

/** What a case tells: the value of its expression, and all that was stored. */
export function resultsOf(one: Case): readonly string[] {
  const stored = new Set([...one.statements.flatMap((each) => each.stored), ...one.stored]);
  return [textOf(one.result), ...[...stored].flatMap(wholes)];
}

/** The case as a block that leaves its results from `out[first]` on. */
export function blockOf(one: Case, first: number): string {
  const inputs = one.inputs;
  const lines = one.statements.map(({ piece }) => `\t\t${textOf(piece)}\n`);
  const results = resultsOf(one).map((text, i) => `\t\tout[${first + i}] = ${i === 0 ? `(${text})` : text};\n`);
  const body = [...lines, ...results].join("");
  const begin = one.places.flatMap((place, i) => {
    if (!body.includes(place.text)) return [];
    const declared = place.kind === "local" ? `${place.type} ` : "";
    return wholes(place).map((text, k) => `\t\t${declared}${text} = given[${((inputs[i] ?? 0) + k) % 16}];\n`);
  });
  return `\t{\n${begin.join("")}${body}\t}\n`;
}

/** C functions of some cases each. */
export function functionsOf(cases: readonly Case[]): Functions {
  const entries: { name: string; results: number }[] = [];
  const texts = [DECLARATIONS];
  for (let from = 0; from < cases.length; from += PER_FUNCTION) {
    let results = 0;
    const blocks = cases.slice(from, from + PER_FUNCTION).map((one) => {
      const block = blockOf(one, results);
      results += resultsOf(one).length;
      return block;
    });
    const name = `f${entries.length}`;
    entries.push({ name, results });
    const pointers = "\tstruct things *t = &things;\n\tstruct packet *p = &packet;\n\n";
    texts.push(`void ${name}(u64 *given, u64 *out)\n{\n${pointers}${blocks.join("")}}\n`);
  }
  return { text: texts.join("\n"), entries };
}

/** What becomes of the model's text before it runs: a test of the test plants mistakes. */
export type Mutation = (text: string) => string;

const asItIs: Mutation = (text) => text;

/** The text as a program; nobody asks for facts about time, which cost as much as everything else. */
function programOf(text: string): Program {
  const configuration = everythingEnabled();
  const file = readCFile(FILE, Buffer.from(text, "latin1"), configuration);
  return new Program([file], [], configuration);
}

/** The functions as the text of a model, all of them understood. */
export function modelText(functions: Functions, machine: Machine): string {
  const version = machine.charIsSigned ? "6.1.0" : "6.6.0";
  const entries = functions.entries.map(({ name }) => name);
  const translation = translatedProgram(programOf(functions.text), { longBits: machine.longBits, version, entries });
  const [first] = translation.unmodelled;
  if (first !== undefined) {
    const line = functions.text.split("\n")[first.line - 1];
    throw new Error(`not modelled: ${first.what}: ${line?.trim()}`);
  }
  const [note] = translation.notes;
  if (note !== undefined) throw new Error(`not modelled: ${note}`);
  return translation.text;
}

/** The model's results: for every vector those of all functions. Where one throws, that stands for the rest of it. */
export function modelResults(
  text: string,
  functions: Functions,
  vectors: readonly Vector[],
  machine: Machine,
): readonly unknown[] {
  const module = instantiateModel(compileModel(text));
  return vectors.flatMap((vector) => {
    const options: SimulationOptions = { hz: vector.hz, longBits: machine.longBits };
    return runModel(instanceOf(module, {}, options), functions, vector);
  });
}

/** The clock of a simulation is a safe integer; the arithmetic of a model has to be right for all of 64 bits. */
function setJiffies({ kernel }: Instance, jiffies: bigint): void {
  const value = kernel.clock.longBits === 32 ? BigInt.asUintN(32, jiffies) : jiffies;
  Object.assign(kernel.clock, { tick: fromBigInt(jiffies), jiffies: fromBigInt(value) });
}

function runModel(one: Instance, functions: Functions, vector: Vector): readonly unknown[] {
  setJiffies(one, vector.jiffies);
  const given = new ElementPointer<Int64>(vector.inputs.map(fromBigInt));
  return functions.entries.flatMap(({ name, results }) => {
    const out = new ElementPointer<unknown>(Array.from({ length: results }, () => Number.NaN));
    try {
      one.call(name, given, out);
      return out.array;
    } catch (error) {
      return out.array.map((value) => (Number.isNaN(value) ? error : value));
    }
  });
}

/** A value in the form that models keep it in: a number where it is a safe integer, and never -0. */
function isSame(compiled: bigint, model: unknown): boolean {
  return Object.is(fromBigInt(compiled), model);
}

/** The cases that gcc and the translator do not agree on, each with the first vector that shows it. */
export function differencesOf(
  cases: readonly Case[],
  vectors: readonly Vector[],
  compiled: BigInt64Array,
  model: readonly unknown[],
): readonly Difference[] {
  if (compiled.length !== model.length)
    throw new Error(`${compiled.length} results of gcc, ${model.length} of the model`);
  const found = new Map<Case, Difference>();
  let at = 0;
  for (const vector of vectors) {
    for (const one of cases) {
      const end = at + resultsOf(one).length;
      for (let i = at; i < end && !found.has(one); i++) {
        if (isSame(compiled[i] ?? 0n, model[i])) continue;
        found.set(one, { one, vector, compiled: [...compiled.slice(at, end)], model: model.slice(at, end) });
      }
      at = end;
    }
  }
  return [...found.values()];
}

/** All differences of some cases; gcc and the translator are at work at the same time. */
export async function compare(
  cases: readonly Case[],
  vectors: readonly Vector[],
  machine: Machine,
  mutation: Mutation = asItIs,
): Promise<readonly Difference[]> {
  const functions = functionsOf(cases);
  const compiling = compiledResults(functions, vectors, machine);
  // Where the model fails first, gcc's own failure is nobody's.
  compiling.catch(() => {});
  const text = mutation(modelText(functions, machine));
  const model = modelResults(text, functions, vectors, machine);
  return differencesOf(cases, vectors, await compiling, model);
}

/** Cases that are a little smaller than one. */
function smallerCases(one: Case): readonly Case[] {
  const without = one.statements.map((_, i) => ({ ...one, statements: one.statements.toSpliced(i, 1) }));
  const results = smallerPieces(one.result).map((result) => ({ ...one, result }));
  const inside = one.statements.flatMap((statement, i) =>
    insideSmaller(statement.piece).map((piece) => ({
      ...one,
      statements: one.statements.with(i, { ...statement, piece }),
    })),
  );
  return [...without, ...results, ...inside];
}

const MAX_SHRINKING = 40;
/** More than a slice may have functions for are not tried in one go. */
const MAX_CANDIDATES = 200;

/** The smallest case near a difference that is still one, on the same inputs. */
export async function shrunk(found: Difference, machine: Machine, mutation?: Mutation): Promise<Difference> {
  let least = found;
  for (let round = 0; round < MAX_SHRINKING; round++) {
    const candidates = smallerCases(least.one).slice(0, MAX_CANDIDATES);
    // What makes gcc or the translator give up is no smaller case of the same.
    const still = await compare(candidates, [least.vector], machine, mutation).catch(() => []);
    const [next] = still;
    if (next === undefined) return least;
    least = next;
  }
  return least;
}

/** A difference for who has to look into it. */
export function reportOf({ one, vector, compiled, model }: Difference, machine: Machine): string {
  const words = `${machine.longBits} bits, ${machine.charIsSigned ? "signed" : "unsigned"} char, HZ ${vector.hz}`;
  const inputs = vector.inputs.map((value, i) => `given[${i}] = ${value}`).join(", ");
  const values = `gcc:   ${compiled.join(", ")}\nmodel: ${model.map(String).join(", ")}`;
  return `${blockOf(one, 0)}${words}, jiffies_64 = ${vector.jiffies}, ${inputs}\n${values}`;
}
