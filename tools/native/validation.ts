/**
 * Random histories of a model, each followed by the compiled slice: the events of both must be the same, word for word.
 * A history is a function of its seed and its number; who runs it, and in which order, makes no difference.
 */
import type { Exercise, ExerciseOptions } from "../check/exercise.ts";
import type { KernelFacts } from "../check/system-check.ts";
import type { DecisionSource } from "../simulator/decisions.ts";
import { seededGenerator } from "../simulator/random.ts";
import { pointText } from "./decode.ts";
import { HarnessProcess } from "./harness-process.ts";
import { UnrecordableError } from "./memory.ts";
import { Recorder, type Recording } from "./recorder.ts";
import type { HarnessPlan } from "./slice-source.ts";

/** What is compared: plain data. */
export interface ValidationSetup {
  readonly system: string;
  /** The model as plain JavaScript, from compileModel(). */
  readonly javascript: string;
  readonly plan: HarnessPlan;
  /** The compiled slice for each HZ. */
  readonly harnesses: readonly { readonly hz: number; readonly executable: string }[];
  readonly facts: KernelFacts;
  readonly maxDecisions: number;
  readonly seed: number;
}

/** Which history it is. */
export interface HistoryName {
  readonly hz: number;
  readonly number: number;
}

/** Some histories that were compared. */
export interface ValidationPart {
  readonly histories: number;
  readonly decisions: number;
  readonly events: number;
  /** How often a thread lost the CPU at a preemption point and another ran in the slice meanwhile, by kind of point. */
  readonly switches: Readonly<Record<string, number>>;
  /** Histories that the model could not go on with for a reason that C does not have, by reason. */
  readonly cut: Readonly<Record<string, number>>;
  /** Histories that end on both sides at BUG(), or at a call that is not in the model. */
  readonly stopped: number;
  /** Histories that could not be recorded, by reason: they compare nothing. */
  readonly unrecorded: Readonly<Record<string, number>>;
  /** The first history that differs. */
  readonly difference: HistoryName | null;
}

/** Histories in one frame: pipes and switches between two processes are paid for once. */
export const HISTORIES_PER_BATCH = 64;

/** The decisions of a history: drawn from the seed and the history's number. */
export class SeededDecisions implements DecisionSource {
  count = 0;
  private seed = Number.NaN;
  /** What the seed gives to the states of all its histories. */
  private readonly base = new Int32Array(4);
  private s0 = 0;
  private s1 = 0;
  private s2 = 0;
  private s3 = 1;

  /** Begins another history. */
  begin(seed: number, number: number): void {
    if (seed !== this.seed) {
      const generator = seededGenerator(seed);
      for (let i = 0; i < this.base.length; i++) this.base[i] = generator.next();
      this.seed = seed;
    }
    const [a, b, c, d] = this.base as unknown as readonly [number, number, number, number];
    this.count = 0;
    this.s0 = mixed(a ^ number);
    this.s1 = mixed(b ^ this.s0);
    this.s2 = mixed(c ^ Math.floor(number / TWO_32) ^ this.s1);
    // The only state that is none is all zero.
    this.s3 = mixed(d ^ this.s2) | 1;
  }

  /** xoshiro128** (see random.ts) without a closure, and a product instead of a division: n is small. */
  choose(n: number): number {
    this.count++;
    const { s1 } = this;
    const five = Math.imul(s1, 5);
    const word = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const s2 = this.s2 ^ this.s0;
    const s3 = this.s3 ^ s1;
    this.s1 = s1 ^ s2;
    this.s0 ^= s3;
    this.s2 = s2 ^ (s1 << 9);
    this.s3 = (s3 << 11) | (s3 >>> 21);
    return Math.floor((word * n) / TWO_32);
  }
}

const TWO_32 = 0x1_0000_0000;

/** The finalizer of MurmurHash3: another word for each word, with all bits depending on all. */
function mixed(word: number): number {
  let z = word;
  z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
  return z ^ (z >>> 16);
}

/** A recorder and a compiled slice for one HZ. */
export class Bench {
  readonly process: HarnessProcess;
  recorder: Recorder | null = null;

  constructor(
    private readonly setup: ValidationSetup,
    private readonly exercise: Exercise,
    readonly hz: number,
    executable: string,
  ) {
    this.process = new HarnessProcess(executable);
  }

  /** The recorder; it needs to know how large structs are in the harness. */
  async ready(): Promise<Recorder> {
    if (this.recorder === null) {
      const { plan, javascript } = this.setup;
      const names = new Map(plan.layouts.map(({ tag, index }) => [tag, plan.classNames[index] ?? tag]));
      const sizes = await this.process.sizes;
      this.recorder = new Recorder(plan, javascript, this.exercise, (tag) => names.get(tag) ?? tag, sizes);
    }
    return this.recorder;
  }

  options(decisions: DecisionSource): ExerciseOptions {
    return Bench.optionsOf(this.setup, this.hz, decisions);
  }

  /** Options of one history. */
  static optionsOf({ facts, maxDecisions }: ValidationSetup, hz: number, decisions: DecisionSource): ExerciseOptions {
    const { longBits, timers, msleepAddsJiffy } = facts;
    return { hz, longBits, timers, msleepAddsJiffy, decisions, maxDecisions };
  }

  close(): void {
    this.process.close();
  }
}

/** Where a history's events in an answer end: behind its END. */
export function differs(
  recorder: Recorder,
  recording: Recording,
  answer: Int32Array,
  from: number,
  to: number,
): boolean {
  const { eventsFrom, eventsTo, cutBy } = recording;
  const count = eventsTo - eventsFrom;
  // What the model could not follow to the end is compared up to there.
  if (cutBy === null ? to - from !== count : to - from < count) return true;
  const expected = recorder.events.view(eventsFrom, eventsTo);
  const found = new Uint8Array(answer.buffer, answer.byteOffset + 4 * from, 4 * count);
  return Buffer.compare(expected, found) !== 0;
}

interface Batch {
  readonly recordings: readonly { readonly number: number; readonly recording: Recording }[];
  readonly answer: Promise<Int32Array>;
  readonly recorder: Recorder;
}

/** Compares histories one batch after the other; while one batch runs compiled, the next is recorded. */
export class Validator {
  private readonly benches: readonly Bench[];
  private readonly decisions = new SeededDecisions();
  private histories = 0;
  private decided = 0;
  private events = 0;
  private stopped = 0;
  private readonly cut = new Map<string, number>();
  private readonly unrecorded = new Map<string, number>();

  constructor(
    private readonly setup: ValidationSetup,
    exercise: Exercise,
  ) {
    this.benches = setup.harnesses.map(({ hz, executable }) => new Bench(setup, exercise, hz, executable));
  }

  /**
   * Compares histories until `next` says that there are no more, or one differs.
   *
   * @param next the number of the first history of another batch; null when all are taken
   * @param onDifference is told at once
   * @throws HarnessError when the compiled slice ends
   */
  async run(next: () => number | null, total: number, onDifference: () => void): Promise<ValidationPart> {
    let difference: HistoryName | null = null;
    try {
      for (let first = next(); first !== null && difference === null; first = next()) {
        const bench = this.benches[Math.floor(first / HISTORIES_PER_BATCH) % this.benches.length] as Bench;
        const batch = await this.record(bench, first, Math.min(first + HISTORIES_PER_BATCH, total));
        const number = await this.compare(batch);
        if (number === null) continue;
        difference = { hz: bench.hz, number };
        onDifference();
      }
    } finally {
      for (const bench of this.benches) bench.close();
    }
    return {
      histories: this.histories,
      decisions: this.decided,
      events: this.events,
      switches: this.switches(),
      stopped: this.stopped,
      cut: Object.fromEntries(this.cut),
      unrecorded: Object.fromEntries(this.unrecorded),
      difference,
    };
  }

  private switches(): Readonly<Record<string, number>> {
    const all = new Map<string, number>();
    for (const { recorder } of this.benches) {
      recorder?.switches.forEach((times, kind) => {
        if (times > 0) all.set(pointText(kind), (all.get(pointText(kind)) ?? 0) + times);
      });
    }
    return Object.fromEntries(all);
  }

  private async record(bench: Bench, first: number, end: number): Promise<Batch> {
    const recorder = await bench.ready();
    recorder.clear();
    const recordings: { number: number; recording: Recording }[] = [];
    for (let number = first; number < end; number++) {
      this.decisions.begin(this.setup.seed, number);
      const { script, events } = recorder;
      const before = { script: script.length, events: events.length };
      try {
        recordings.push({ number, recording: recorder.record(bench.options(this.decisions)) });
      } catch (error) {
        if (!(error instanceof UnrecordableError)) throw error;
        script.length = before.script;
        events.length = before.events;
        count(this.unrecorded, error.message);
      }
      this.decided += this.decisions.count;
    }
    return { recordings, recorder, answer: bench.process.run(recorder.script.view()) };
  }

  private async compare({ recordings, recorder, answer }: Batch): Promise<number | null> {
    const words = await answer;
    const ends = endsOf(recordings.length, words);
    let from = 0;
    let different: number | null = null;
    recordings.forEach(({ number, recording }, i) => {
      const to = ends[i] ?? words.length;
      if (different === null && differs(recorder, recording, words, from, to)) different = number;
      this.histories++;
      this.events += recording.eventsTo - recording.eventsFrom;
      if (recording.isStopped) this.stopped++;
      if (recording.cutBy !== null) count(this.cut, kindOf(recording.cutBy));
      from = to;
    });
    return different;
  }
}

/** Messages differ in their numbers only, mostly. */
function kindOf(message: string): string {
  const [, place = "", what = ""] = /^(\S+:\d+: )?([\s\S]*)$/.exec(message) ?? [];
  return place + what.replace(/\d+/g, "N").slice(0, 80);
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** Where each history's events end in an answer, which says so behind all events. */
export function endsOf(histories: number, words: Int32Array): Int32Array {
  return words.subarray(words.length - histories);
}
