/**
 * Every freedom that the kernel leaves (who runs first, how late a thread wakes) is asked of a decision source, so
 * that a run is a function of its decisions: fixed, recorded and replayed, or drawn from a seed.
 */
import { SimulationFault } from "./fault.ts";
import { below, type Generator32 } from "./random.ts";

export interface DecisionSource {
  /**
   * Picks one of `n` possibilities, 0 being what happens when nobody interferes.
   * @param n at least 2; with one possibility nobody is asked.
   * @param label what is decided; a constant of the asking code.
   * @returns an integer in [0, n).
   */
  choose(n: number, label: string): number;
}

/** One answer with its question, as kept in a witness. */
export interface Decision {
  readonly label: string;
  readonly n: number;
  readonly chosen: number;
}

/** Always the first possibility: first come, first served, and nobody is late. */
export const firstChoice: DecisionSource = { choose: () => 0 };

/** Asks `source` and keeps each answer in `decisions`. */
export class RecordingDecisions implements DecisionSource {
  readonly decisions: Decision[] = [];

  constructor(private readonly source: DecisionSource) {}

  choose(n: number, label: string): number {
    const chosen = this.source.choose(n, label);
    this.decisions.push({ label, n, chosen });
    return chosen;
  }
}

/** Answers from a record; a question that differs from the recorded one is a fault, for then the run has diverged. */
export class ReplayDecisions implements DecisionSource {
  private next = 0;

  /** @param afterwards who answers when the record is used up; a fault when null. */
  constructor(
    private readonly decisions: readonly Decision[],
    private readonly afterwards: DecisionSource | null = null,
  ) {}

  /** How many recorded answers have been given. */
  get used(): number {
    return this.next;
  }

  choose(n: number, label: string): number {
    const recorded = this.decisions[this.next];
    if (recorded === undefined) {
      if (this.afterwards !== null) return this.afterwards.choose(n, label);
      throw new SimulationFault("replay-mismatch", `the record ends before the decision ${label} of ${n}`);
    }
    if (recorded.n !== n || recorded.label !== label) {
      const was = `${recorded.label} of ${recorded.n}`;
      throw new SimulationFault("replay-mismatch", `decision ${this.next} was ${was} and is now ${label} of ${n}`);
    }
    this.next++;
    return recorded.chosen;
  }
}

/** Uniform answers from a generator. */
export class RandomDecisions implements DecisionSource {
  constructor(private readonly generator: Generator32) {}

  choose(n: number): number {
    return below(this.generator, n);
  }
}

/** Asks the source where there is something to decide, and checks the answer. */
export function decide(source: DecisionSource, n: number, label: string): number {
  if (n < 2) return 0;
  const chosen = source.choose(n, label);
  if (!(chosen >= 0 && chosen < n && Number.isInteger(chosen))) {
    throw new SimulationFault("bad-choice", `${chosen} was chosen for ${label} of ${n}`);
  }
  return chosen;
}

/** How many ticks late a woken thread starts. */
export type LatencyPolicy = (decisions: DecisionSource) => number;

/** Late by 0 to `maxTicks` ticks. */
export function lateUpTo(maxTicks: number): LatencyPolicy {
  return (decisions) => decide(decisions, maxTicks + 1, "latency");
}
