/** Small subjects whose schedules are explored, written down as rules over a state of a few numbers. */
import { type ScheduleEnd, type ScheduleSubject, TIME_BIT } from "../../tools/check/schedule.ts";
import type { Role } from "../../tools/check/state-visitors.ts";

/** What every toy has: a clock that is no part of its state. */
export interface ToyState {
  tick: number;
}

/** One way to go on. */
export interface Way<State> {
  readonly who: number;
  readonly cost?: 0 | 1;
  readonly run: (state: State) => void;
}

export interface Toy<State extends ToyState> {
  readonly begin: () => State;
  readonly ways: (state: State) => readonly Way<State>[];
  readonly end?: (state: State) => ScheduleEnd | null;
  readonly roles?: Readonly<Record<string, Role>>;
}

export const PROGRESS: ScheduleEnd = { kind: "progress", property: "progress", what: "it ends", seconds: 1 };

export function bad(what: string): ScheduleEnd {
  return { kind: "bad", property: "safety", what, seconds: 0 };
}

/** Time goes on by so many ticks. */
export function passing<State extends ToyState>(ticks: number, also: (state: State) => void): Way<State> {
  return {
    who: TIME_BIT,
    run: (state) => {
      state.tick += ticks;
      also(state);
    },
  };
}

/** Makes subjects of a toy, each at its beginning. */
export function toySubjects<State extends ToyState>({ begin, ways, end, roles = {} }: Toy<State>) {
  return (): ScheduleSubject => {
    const state = begin();
    let present: readonly Way<State>[] = [];
    return {
      roots: [state],
      get now() {
        return state.tick;
      },
      role: (_, field) => (field === "tick" ? "skip" : (roles[field] ?? "plain")),
      atoms: [],
      actions: () => {
        present = ways(state);
        return present.map(({ who, cost = 0 }) => ({ who, cost }));
      },
      take: (index) => (present[index] as Way<State>).run(state),
      end: () => end?.(state) ?? null,
    };
  };
}

/** Two threads with a program counter and a register each, on one CPU. */
export interface Pair extends ToyState {
  running: number;
  pc0: number;
  pc1: number;
  register0: number;
  register1: number;
  shared: number;
}

type Step = (state: Pair, thread: 0 | 1) => void;

/** Programs of the same steps for both threads; to leave one in the middle of its program costs a preemption. */
export function pairToy(steps: readonly Step[], end: (state: Pair) => ScheduleEnd | null): Toy<Pair> {
  const pcOf = (state: Pair, thread: number): number => (thread === 0 ? state.pc0 : state.pc1);
  const way = (thread: 0 | 1, cost: 0 | 1): Way<Pair> => ({
    who: 1 << thread,
    cost,
    run: (state) => {
      state.running = thread;
      const pc = pcOf(state, thread);
      if (thread === 0) state.pc0++;
      else state.pc1++;
      steps[pc]?.(state, thread);
    },
  });
  return {
    begin: () => ({ tick: 0, running: 0, pc0: 0, pc1: 0, register0: 0, register1: 0, shared: 0 }),
    ways: (state) => {
      const runs = pcOf(state, state.running) < steps.length;
      const both = state.running === 0 ? ([0, 1] as const) : ([1, 0] as const);
      return both
        .filter((thread) => pcOf(state, thread) < steps.length)
        .map((thread) => way(thread, runs && thread !== state.running && pcOf(state, state.running) > 0 ? 1 : 0));
    },
    end: (state) => end(state),
  };
}

const load: Step = (state, thread) => {
  if (thread === 0) state.register0 = state.shared;
  else state.register1 = state.shared;
};
const store: Step = (state, thread) => {
  state.shared = 1 + (thread === 0 ? state.register0 : state.register1);
};

/** x++ twice, without a lock: one increment is lost where a thread is preempted in the middle. */
export const LOST_UPDATE: Toy<Pair> = pairToy([load, store], ({ pc0, pc1, shared }) => {
  if (pc0 < 2 || pc1 < 2) return null;
  return shared === 2 ? PROGRESS : bad("an increment is lost");
});

const meet: Step = (state, thread) => {
  if (thread === 1 && state.pc1 === 1 && state.pc0 === 1) state.register1 = 1;
  if (thread === 0 && state.pc0 === 2 && state.pc1 === 1) state.register0 = state.register1;
};

/** It only goes wrong where the first is preempted in the middle, and then the second in its. */
export const TWO_PREEMPTIONS: Toy<Pair> = pairToy([meet, meet, meet], ({ pc0, pc1, register0 }) => {
  if (register0 === 1) return bad("both were in the middle");
  return pc0 === 3 && pc1 === 3 ? PROGRESS : null;
});

/** A thread that looks, and sleeps for ten ticks, for ever. */
export interface Poller extends ToyState {
  phase: number;
  /** When it gives up; 0 for never. */
  deadline: number;
}

/** @param deadline when the poller has what it waits for; 0 for never */
export function pollerToy(deadline: number, others: readonly Way<Poller>[] = []): Toy<Poller> {
  const enter = (state: Poller, phase: number): void => {
    state.phase = phase;
  };
  const later = passing<Poller>(10, (state) => enter(state, 0));
  return {
    begin: () => ({ tick: 1, phase: 0, deadline }),
    ways: ({ phase }) => [phase === 0 ? { who: 1, run: (state) => enter(state, 1) } : later, ...others],
    end: (state) => (state.phase === 2 || (state.deadline > 0 && state.tick >= state.deadline) ? PROGRESS : null),
    roles: { deadline: "deadline" },
  };
}
