/** What a model did that C leaves undefined, or that the simulator cannot answer: never guessed, always thrown. */

export type FaultKind =
  | "division-by-zero"
  | "division-overflow"
  | "shift-count"
  | "out-of-bounds"
  | "bad-pointer"
  | "null-pointer"
  | "bug-on"
  | "endless-loop"
  | "schedule-outside-task"
  | "sleep-in-atomic"
  | "event-in-the-past"
  | "bad-choice"
  | "replay-mismatch"
  | "bad-configuration"
  | "phase-without-recorder"
  | "region-mismatch"
  | "nondeterminism"
  | "unsupported";

/** Stops a simulation. `kind` is for programs, the message for people. */
export class SimulationFault extends Error {
  override readonly name = "SimulationFault";

  constructor(
    readonly kind: FaultKind,
    message: string,
  ) {
    super(message);
  }
}
