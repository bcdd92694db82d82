/** The first difference between a model and the compiled slice: what each does there, where, and what led to it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Exercise } from "../check/exercise.ts";
import { type Decision, type DecisionSource, RecordingDecisions } from "../simulator/decisions.ts";
import { type DecodedEvent, EventReader, objectLayouts } from "./decode.ts";
import type { Recorder, Recording } from "./recorder.ts";
import { Bench, differs, endsOf, type HistoryName, SeededDecisions, type ValidationSetup } from "./validation.ts";

/** A place of the kernel's source. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

/** Where a model and the compiled slice part. */
export interface Difference {
  readonly hz: number;
  /** All decisions that lead there; behind the last, the first possibility is always taken. */
  readonly decisions: readonly Decision[];
  /** What each does first that the other does not; null where one side has nothing more to do. */
  readonly model: string | null;
  readonly compiled: string | null;
  /** Where the compiled slice is then. */
  readonly place: SourcePlace | null;
  /** The function in which the model is then. */
  readonly modelFunction: string | null;
  /** What both did last. */
  readonly before: readonly string[];
}

/** Answers from a record where it has one, then always the first possibility; never fails. */
class GivenDecisions implements DecisionSource {
  private next = 0;

  constructor(private readonly given: readonly Decision[]) {}

  choose(n: number): number {
    const one = this.given[this.next++];
    return one === undefined ? 0 : one.chosen % n;
  }
}

const EVENTS_BEFORE = 8;
/** A difference is made shorter by so many attempts at most. */
const MAX_ATTEMPTS = 400;

/** One history on both sides. */
interface Attempt {
  readonly recording: Recording;
  readonly decisions: readonly Decision[];
  readonly answer: Int32Array;
  readonly to: number;
  readonly isDifferent: boolean;
}

class Examination {
  private attempts = 0;

  constructor(
    private readonly bench: Bench,
    private readonly recorder: Recorder,
  ) {}

  async attempt(source: DecisionSource, withPlaces = false): Promise<Attempt> {
    this.attempts++;
    const { recorder } = this;
    recorder.clear();
    const recording = new RecordingDecisions(source);
    const made = recorder.record(this.bench.options(recording));
    const answer = await this.bench.process.run(recorder.script.view(), withPlaces);
    const to = endsOf(1, answer)[0] ?? 0;
    const isDifferent = !withPlaces && differs(recorder, made, answer, 0, to);
    return { recording: made, decisions: recording.decisions, answer, to, isDifferent };
  }

  /** Fewer decisions, and as many of them as possible the first possibility, that still show a difference. */
  async shortened(decisions: readonly Decision[]): Promise<readonly Decision[]> {
    let low = 0;
    let high = decisions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((await this.attempt(new GivenDecisions(decisions.slice(0, middle)))).isDifferent) high = middle;
      else low = middle + 1;
    }
    let shortest = decisions.slice(0, high);
    if (!(await this.attempt(new GivenDecisions(shortest))).isDifferent) shortest = [...decisions];
    for (let i = shortest.length - 1; i >= 0 && this.attempts < MAX_ATTEMPTS; i--) {
      const one = shortest[i];
      if (one === undefined || one.chosen === 0) continue;
      const simpler = shortest.map((old, j) => (i === j ? { ...old, chosen: 0 } : old));
      if ((await this.attempt(new GivenDecisions(simpler))).isDifferent) shortest = simpler;
    }
    return shortest;
  }
}

/**
 * Looks at a history that differs.
 *
 * @throws HarnessError when the compiled slice ends
 */
export async function examine(setup: ValidationSetup, exercise: Exercise, name: HistoryName): Promise<Difference> {
  return withBench(setup, exercise, name.hz, async (examination, bench, recorder, executable) => {
    const seeded = new SeededDecisions();
    seeded.begin(setup.seed, name.number);
    const { decisions } = await examination.attempt(seeded);
    const shortest = await examination.shortened(decisions);
    return explained(setup, examination, bench, recorder, executable, shortest);
  });
}

/** Runs the decisions of a difference again; null where both sides do the same now. */
export async function differenceAgain(
  setup: ValidationSetup,
  exercise: Exercise,
  hz: number,
  decisions: readonly Decision[],
): Promise<Difference | null> {
  return withBench(setup, exercise, hz, async (examination, bench, recorder, executable) => {
    const { isDifferent } = await examination.attempt(new GivenDecisions(decisions));
    return isDifferent ? explained(setup, examination, bench, recorder, executable, decisions) : null;
  });
}

async function withBench<T>(
  setup: ValidationSetup,
  exercise: Exercise,
  hz: number,
  work: (examination: Examination, bench: Bench, recorder: Recorder, executable: string) => Promise<T>,
): Promise<T> {
  const harness = setup.harnesses.find((one) => one.hz === hz) ?? setup.harnesses[0];
  if (harness === undefined) throw new Error("no harness");
  const bench = new Bench(setup, exercise, harness.hz, harness.executable);
  try {
    const recorder = await bench.ready();
    return await work(new Examination(bench, recorder), bench, recorder, harness.executable);
  } finally {
    bench.close();
  }
}

async function explained(
  setup: ValidationSetup,
  examination: Examination,
  bench: Bench,
  recorder: Recorder,
  executable: string,
  decisions: readonly Decision[],
): Promise<Difference> {
  const { plan } = setup;
  const made = await examination.attempt(new GivenDecisions(decisions), true);
  const { scriptFrom, scriptTo, eventsFrom, eventsTo } = made.recording;
  const layouts = objectLayouts(plan, recorder.script.data.slice(scriptFrom + 1, scriptTo));
  const words = recorder.events.data.slice(eventsFrom, eventsTo);
  const ours = [...new EventReader(plan, layouts, words).events()];
  const theirs = [...new EventReader(plan, layouts, made.answer, 0, made.to).events()];
  const at = firstDifference(ours, words, theirs, made.answer);
  const address = theirs.slice(at).find((one) => one.place !== null)?.place ?? null;
  const modelFunction = await functionAt(recorder, bench, decisions, ours[at]?.from ?? 0);
  return {
    hz: bench.hz,
    decisions: made.decisions.slice(0, decisions.length),
    model: ours[at]?.text ?? null,
    compiled: theirs[at]?.text ?? null,
    place: address === null ? null : await sourcePlace(executable, address),
    modelFunction,
    before: ours.slice(Math.max(0, at - EVENTS_BEFORE), at).map((one) => one.text),
  };
}

function firstDifference(
  ours: readonly DecodedEvent[],
  words: Int32Array,
  theirs: readonly DecodedEvent[],
  answer: Int32Array,
): number {
  const same = (a: DecodedEvent, b: DecodedEvent): boolean => {
    // Where it comes from stands before an event on the one side only.
    const length = a.to - a.from;
    for (let i = 1; i <= length; i++) if (words[a.to - i] !== answer[b.to - i]) return false;
    return true;
  };
  let at = 0;
  for (;;) {
    const a = ours[at];
    const b = theirs[at];
    if (a === undefined || b === undefined || !same(a, b)) return at;
    at++;
  }
}

/** The function of the model that makes the event at a word: who is on the stack when it is told. */
async function functionAt(
  recorder: Recorder,
  bench: Bench,
  decisions: readonly Decision[],
  word: number,
): Promise<string | null> {
  const { events } = recorder;
  let name: string | null = null;
  let isKnown = false;
  const push = events.push;
  events.push = (one) => {
    if (!isKnown && events.length >= word) {
      isKnown = true;
      name = /\bat (?:Object\.)?(\w+)(?: \[as \w+\])? \(eval at instantiateModel/.exec(stack())?.[1] ?? null;
    }
    push.call(events, one);
  };
  recorder.clear();
  try {
    recorder.record(bench.options(new GivenDecisions(decisions)));
  } finally {
    events.push = push;
  }
  return name;
}

/** Who called, further up than V8 looks by itself. */
function stack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const { stack: text } = new Error();
  Error.stackTraceLimit = limit;
  return text ?? "";
}

const run = promisify(execFile);

/** The line behind an address, by the debugging information of the harness; null without a program that reads it. */
async function sourcePlace(executable: string, address: bigint): Promise<SourcePlace | null> {
  // A return address is behind the call.
  const at = `0x${(address - 1n).toString(16)}`;
  for (const command of ["addr2line", "llvm-addr2line"]) {
    try {
      const { stdout } = await run(command, ["-f", "-e", executable, at], { timeout: 30_000 });
      const [name = "", where = ""] = stdout.split("\n");
      const match = /^(.*):(\d+)/.exec(where);
      if (match !== null) {
        const file = (match[1] as string).replace(/^.*\/harness\/(?:[0-9a-f]+\/)?|^.*\/tmp\/[^/]+\/harness\//, "");
        return { file, line: Number(match[2]), function: name };
      }
    } catch {
      // The next one, or none.
    }
  }
  return null;
}
