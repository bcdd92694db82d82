/** Which lines of a slice's C the random histories come to: what they never reach, nobody has compared. */
import { Session } from "node:inspector";
import { SourceMap } from "node:module";
import type { Exercise, ExerciseOptions } from "../check/exercise.ts";
import { instantiateModel, MODEL_PREFIX, modelSourceMap } from "../check/load-model.ts";
import { SimulationFault } from "../simulator/fault.ts";

/** A line of the kernel's source: file name without its folder, and number. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

export interface LineCoverage {
  readonly reached: number;
  readonly lines: number;
  readonly notReached: readonly SourceLine[];
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Coverage {
  readonly result: readonly {
    readonly functions: readonly { readonly functionName: string; readonly ranges: Range[] }[];
  }[];
}

/**
 * Runs histories of a model and looks which of its lines were executed (V8's block coverage).
 *
 * @param text the model
 * @param javascript compileModel() of it
 * @param optionsOf options of each history, which begin it
 */
export function lineCoverage(
  text: string,
  javascript: string,
  exercise: Exercise,
  histories: number,
  optionsOf: (number: number) => ExerciseOptions,
): LineCoverage {
  const session = new Session();
  session.connect();
  try {
    session.post("Profiler.enable");
    session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    // V8 takes a text that it has compiled before as it is, without counters; this one it has not.
    const module = instantiateModel(`${javascript}\n// counted`);
    for (let number = 0; number < histories; number++) runOne(exercise, module, optionsOf(number));
    let taken: Coverage = { result: [] };
    session.post("Profiler.takePreciseCoverage", (error, result) => {
      if (error === null) taken = result as Coverage;
    });
    session.post("Profiler.stopPreciseCoverage");
    session.post("Profiler.disable");
    return linesOf(text, javascript, rangesOf(taken));
  } finally {
    session.disconnect();
  }
}

function runOne(exercise: Exercise, module: Readonly<Record<string, unknown>>, options: ExerciseOptions): void {
  try {
    exercise(module, options);
  } catch (error) {
    if (!(error instanceof SimulationFault || error instanceof TypeError)) throw error;
  }
}

/** Ranges of the script that has createModel(). */
function rangesOf({ result }: Coverage): readonly Range[] {
  const script = result.findLast(({ functions }) => functions.some((one) => one.functionName === "createModel"));
  return (script?.functions ?? []).flatMap((one) => one.ranges);
}

function linesOf(text: string, javascript: string, ranges: readonly Range[]): LineCoverage {
  const places = text.split("\n").map((line) => / \/\/ (\S+):(\d+)$/.exec(line));
  const map = new SourceMap(JSON.parse(modelSourceMap(text)));
  const counts = new Map<string, boolean>();
  let offset = MODEL_PREFIX.length;
  javascript.split("\n").forEach((line, i) => {
    const indent = line.length - line.trimStart().length;
    const entry = map.findEntry(i, indent);
    const place = "originalLine" in entry ? places[entry.originalLine] : null;
    if (place !== null && place !== undefined && /[\w(]/.test(line)) {
      const key = `${place[1]}:${place[2]}`;
      counts.set(key, counts.get(key) === true || countAt(ranges, offset + indent) > 0);
    }
    offset += line.length + 1;
  });
  const all = [...counts].map(([key, isReached]) => ({ ...lineOf(key), isReached }));
  const notReached = all.filter((one) => !one.isReached).map(({ file, line }) => ({ file, line }));
  notReached.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return { reached: all.length - notReached.length, lines: all.length, notReached };
}

function lineOf(key: string): SourceLine {
  const at = key.lastIndexOf(":");
  return { file: key.slice(0, at), line: Number(key.slice(at + 1)) };
}

/** How often the text at an offset ran: the innermost range that it lies in knows. */
function countAt(ranges: readonly Range[], offset: number): number {
  let best: Range | null = null;
  for (const one of ranges) {
    if (one.startOffset > offset || one.endOffset <= offset) continue;
    if (best === null || one.endOffset - one.startOffset < best.endOffset - best.startOffset) best = one;
  }
  return best?.count ?? 0;
}
