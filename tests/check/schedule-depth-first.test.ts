/** The search through schedules, on subjects so small that one can see what it must find. */
import { describe, expect, test } from "vitest";
import { type ScheduleBounds, TIME_BIT } from "../../tools/check/schedule.ts";
import { depthFirst } from "../../tools/check/schedule-depth-first.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import {
  bad,
  LOST_UPDATE,
  PROGRESS,
  pairToy,
  passing,
  pollerToy,
  type ToyState,
  TWO_PREEMPTIONS,
  toySubjects,
} from "./toy-subject.ts";

const BOUNDS: ScheduleBounds = { preemptions: 4, states: 10_000, steps: 1000 };

interface Counter extends ToyState {
  n: number;
}

describe("preemptions", () => {
  test("a violation is found with the fewest, and by its decisions", () => {
    const found = depthFirst(toySubjects(LOST_UPDATE), BOUNDS);
    expect(found).toMatchObject({ stoppedBy: "violation", preemptions: 1 });
    expect(found.violation).toMatchObject({ property: "safety", what: "an increment is lost", preemptions: 1 });
    // Both can run at the first step and at the second; then the second thread goes on by itself.
    expect(found.violation?.loop).toBeNull();
    expect(found.violation?.decisions.filter(({ chosen }) => chosen > 0).length).toBeGreaterThan(0);
    expect(depthFirst(toySubjects(TWO_PREEMPTIONS), BOUNDS).violation?.preemptions).toBe(2);
  });

  test("what needs more than the bound is not found", () => {
    const found = depthFirst(toySubjects(TWO_PREEMPTIONS), { ...BOUNDS, preemptions: 1 });
    expect(found).toMatchObject({ violation: null, stoppedBy: "complete", preemptions: 1 });
  });

  test("where one more leads to no further state, the bound need not be reached", () => {
    const sound = pairToy([() => undefined, () => undefined], ({ pc0, pc1 }) => (pc0 + pc1 === 4 ? PROGRESS : null));
    const found = depthFirst(toySubjects(sound), { ...BOUNDS, preemptions: 50 });
    expect(found).toMatchObject({ violation: null, stoppedBy: "complete" });
    expect(found.preemptions).toBeLessThan(5);
  });
});

describe("counts", () => {
  test("of a way without branches", () => {
    const counter = toySubjects<Counter>({
      begin: () => ({ tick: 0, n: 0 }),
      ways: () => [{ who: 1, run: (state) => void state.n++ }],
      end: ({ n }) => (n === 3 ? { ...PROGRESS, seconds: 7 } : null),
    });
    expect(depthFirst(counter, { ...BOUNDS, preemptions: 0 })).toEqual({
      strategy: "depth first",
      states: 3,
      transitions: 3,
      ends: 1,
      minSeconds: 7,
      maxSeconds: 7,
      violation: null,
      stoppedBy: "complete",
      preemptions: 0,
    });
  });

  test("of two ways that meet again", () => {
    const diamond = toySubjects({
      begin: () => ({ tick: 0, a: 0, b: 0, after: 0 }),
      ways: ({ a, b }) => [
        ...(a === 0 ? [{ who: 1, run: (state: { a: number }) => void state.a++ }] : []),
        ...(b === 0 ? [{ who: 2, run: (state: { b: number }) => void state.b++ }] : []),
        ...(a + b === 2 ? [{ who: 1, run: (state: { after: number }) => void state.after++ }] : []),
      ],
      end: ({ a, after }) => (after === 1 ? { ...PROGRESS, seconds: a } : null),
    });
    const found = depthFirst(diamond, { ...BOUNDS, preemptions: 0 });
    // Both at 0, one of them done, the other, both; what lies behind is gone through once.
    expect(found).toMatchObject({ states: 4, transitions: 5, ends: 1, stoppedBy: "complete" });
  });
});

describe("loops", () => {
  test("one without progress is found and confirmed", () => {
    const { violation } = depthFirst(toySubjects(pollerToy(0)), BOUNDS);
    expect(violation).toMatchObject({ property: "progress", what: "the same state comes back without progress" });
    expect(violation?.loop).toEqual({ fromStep: expect.any(Number), fromDecision: 0, steps: 2 });
  });

  test("one in which a thread starves that could run all along is none", () => {
    const helper = {
      who: 2,
      run: (state: { phase: number }): void => {
        state.phase = 2;
      },
    };
    const found = depthFirst(toySubjects(pollerToy(0, [helper])), BOUNDS);
    expect(found).toMatchObject({ violation: null, stoppedBy: "complete" });
    expect(found.ends).toBeGreaterThan(0);
  });

  test("one that only brings a deadline nearer is found", () => {
    const { violation } = depthFirst(toySubjects(pollerToy(1_000_000_000)), BOUNDS);
    expect(violation?.loop).toMatchObject({ steps: 2 });
  });

  test("one that ends after some rounds is not reported", () => {
    const found = depthFirst(toySubjects(pollerToy(500)), BOUNDS);
    expect(found).toMatchObject({ violation: null, stoppedBy: "complete", ends: 1 });
  });

  test("one that goes round into something bad is reported as a loop", () => {
    const toy = pollerToy(500);
    const subjects = toySubjects({ ...toy, end: (state) => (state.tick >= 500 ? bad("too late") : null) });
    expect(depthFirst(subjects, BOUNDS).stoppedBy).toBe("violation");
  });
});

describe("ends", () => {
  test("where nothing can happen any more", () => {
    const stuck = toySubjects<Counter>({
      begin: () => ({ tick: 0, n: 0 }),
      ways: ({ n }) => (n === 0 ? [{ who: 1, run: (state) => void state.n++ }] : []),
    });
    const { violation } = depthFirst(stuck, BOUNDS);
    expect(violation).toMatchObject({ property: "progress", what: "nothing can happen any more", loop: null });
  });

  test("faults are violations of their own", () => {
    const faulty = (thrown: Error) =>
      toySubjects<Counter>({
        begin: () => ({ tick: 0, n: 0 }),
        ways: () => [
          {
            who: 1,
            run: () => {
              throw thrown;
            },
          },
        ],
      });
    const bug = depthFirst(faulty(new SimulationFault("bug-on", "a bug")), BOUNDS);
    expect(bug.violation).toMatchObject({ property: "fault bug-on", what: "a bug" });
    expect(depthFirst(faulty(new TypeError("null")), BOUNDS).violation?.property).toBe("fault TypeError");
  });

  test("a subject that is another the second time is a fault", () => {
    let made = 0;
    const fickle = toySubjects<Counter>({
      begin: () => ({ tick: 0, n: made++ }),
      ways: () => [{ who: 1, run: (state) => void Object.assign(state, { n: state.n + 10 }) }],
      end: ({ n }) => (n >= 10 ? bad(`it is ${n}`) : null),
    });
    const kindOf = (): string => {
      try {
        return depthFirst(fickle, BOUNDS).stoppedBy;
      } catch (error) {
        return error instanceof SimulationFault ? error.kind : String(error);
      }
    };
    expect(kindOf()).toBe("nondeterminism");
  });

  test("a full table and a history that is too long say so", () => {
    const endless = toySubjects<Counter>({
      begin: () => ({ tick: 0, n: 0 }),
      ways: () => [passing(1, (state) => void state.n++)],
    });
    expect(depthFirst(endless, { ...BOUNDS, states: 5 })).toMatchObject({ stoppedBy: "states", states: 5 });
    expect(depthFirst(endless, { ...BOUNDS, preemptions: 0, steps: 20 })).toMatchObject({
      stoppedBy: "steps",
      transitions: 20,
    });
    expect(TIME_BIT).toBe(2 ** 30);
  });
});
