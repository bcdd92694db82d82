/**
 * Mutants of a model put through the comparison with its compiled C: which are found, and why the others are not. A mutant
 * changes the behaviour when some history of it is another than that of the model itself; such a history is then followed
 * by the compiled slice, which must object.
 */
import { exercise as echoExercise } from "../../kernel-models/cifs-echo/exercise.ts";
import type { Exercise } from "../../tools/check/exercise.ts";
import { compileModel } from "../../tools/check/load-model.ts";
import { lineCoverage } from "../../tools/native/coverage.ts";
import { UnrecordableError } from "../../tools/native/memory.ts";
import { Recorder } from "../../tools/native/recorder.ts";
import { Bench, differs, endsOf, SeededDecisions, type ValidationSetup } from "../../tools/native/validation.ts";
import type { Mutant } from "./mutants.ts";

/** What came of a mutant. */
export interface MutantFate {
  readonly mutant: Mutant;
  /**
   * found: the comparison objects. missed: its histories are others, and the comparison does not object. same: no history
   * is another. unreached: its line is never executed.
   */
  readonly fate: "found" | "missed" | "same" | "unreached";
  /** Histories until it was found. */
  readonly histories: number;
}

/** Words of a history: script and events. */
interface Words {
  readonly script: Int32Array;
  readonly events: Int32Array;
}

function isSame(a: Words, script: Int32Array, events: Int32Array): boolean {
  return equal(a.script, script) && equal(a.events, events);
}

function equal(a: Int32Array, b: Int32Array): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

export class MutationTest {
  private readonly decisions = new SeededDecisions();
  private readonly baseline: Words[] = [];
  private bench: Bench | null = null;
  private sizes: Int32Array = new Int32Array(0);

  constructor(
    private readonly setup: ValidationSetup,
    private readonly text: string,
    private readonly histories: number,
    private readonly exercise: Exercise = echoExercise,
  ) {}

  /** Runs all mutants. */
  async run(mutants: readonly Mutant[]): Promise<readonly MutantFate[]> {
    const [harness] = this.setup.harnesses;
    if (harness === undefined) throw new Error("no harness");
    this.bench = new Bench(this.setup, this.exercise, harness.hz, harness.executable);
    try {
      const recorder = await this.bench.ready();
      this.sizes = await this.bench.process.sizes;
      for (let number = 0; number < this.histories; number++) this.baseline.push(this.wordsOf(recorder, number));
      const unreached = this.unreachedLines(harness.hz);
      const fates: MutantFate[] = [];
      for (const mutant of mutants) {
        const made = await this.fateOf(mutant, this.bench);
        const isUnreached = made.fate === "same" && unreached.has(this.placeOf(mutant.line) ?? "");
        fates.push(isUnreached ? { ...made, fate: "unreached" } : made);
      }
      return fates;
    } finally {
      this.bench.close();
    }
  }

  private placeOf(line: number): string | null {
    const match = / \/\/ (\S+:\d+)$/.exec(this.text.split("\n")[line - 1] ?? "");
    return match?.[1] ?? null;
  }

  private unreachedLines(hz: number): ReadonlySet<string> {
    const { setup } = this;
    const { notReached } = lineCoverage(this.text, setup.javascript, this.exercise, this.histories, (number) => {
      this.decisions.begin(setup.seed, number);
      return Bench.optionsOf(setup, hz, this.decisions);
    });
    return new Set(notReached.map(({ file, line }) => `${file}:${line}`));
  }

  private wordsOf(recorder: Recorder, number: number): Words {
    recorder.clear();
    this.decisions.begin(this.setup.seed, number);
    recorder.record((this.bench as Bench).options(this.decisions));
    const { script, events } = recorder;
    return { script: script.data.slice(0, script.length), events: events.data.slice(0, events.length) };
  }

  private recorderOf(javascript: string): Recorder {
    const { plan } = this.setup;
    const names = new Map(plan.layouts.map(({ tag, index }) => [tag, plan.classNames[index] ?? tag]));
    return new Recorder(plan, javascript, this.exercise, (tag) => names.get(tag) ?? tag, this.sizes);
  }

  private async fateOf(mutant: Mutant, bench: Bench): Promise<MutantFate> {
    const recorder = this.recorderOf(compileModel(mutant.text));
    let isOther = false;
    for (let number = 0; number < this.histories; number++) {
      recorder.clear();
      this.decisions.begin(this.setup.seed, number);
      const { script, events } = recorder;
      try {
        const recording = recorder.record(bench.options(this.decisions));
        const base = this.baseline[number] as Words;
        if (isSame(base, script.data.subarray(0, script.length), events.data.subarray(0, events.length))) continue;
        isOther = true;
        const answer = await bench.process.run(script.view());
        const to = endsOf(1, answer)[0] ?? 0;
        if (differs(recorder, recording, answer, 0, to)) return { mutant, fate: "found", histories: number + 1 };
      } catch (error) {
        // A model that the simulator or the recorder chokes on is another, too: nobody would take it for the C.
        if (error instanceof UnrecordableError || error instanceof Error) {
          return { mutant, fate: "found", histories: number + 1 };
        }
        throw error;
      }
    }
    return { mutant, fate: isOther ? "missed" : "same", histories: this.histories };
  }
}

/** The share of the mutants that change behaviour which are found. */
export function foundShare(fates: readonly MutantFate[]): number {
  const changing = fates.filter(({ fate }) => fate === "found" || fate === "missed");
  return changing.length === 0 ? 0 : changing.filter(({ fate }) => fate === "found").length / changing.length;
}
