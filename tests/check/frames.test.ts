import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { framesOf } from "../../tools/check/frames.ts";
import { compileModel, instantiateModel, ModelError } from "../../tools/check/load-model.ts";
import { StateImage } from "../../tools/check/state-image.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import {
  AttemptFrame,
  BLOCKED,
  type Frame,
  FrameThread,
  indirect,
  runToEnd,
  SuspendFrame,
} from "../../tools/simulator/frame.ts";
import { coroutines, PRELUDE } from "./random-coroutine.ts";

interface World {
  readonly trace: unknown[];
  readonly t: number[];
  fuel: number;
  s: unknown;
}

interface Made {
  readonly main: (a: number, b: number) => unknown;
  readonly o: object;
}

const newWorld = (): World => ({ trace: [], t: [5, 6, 7, 8], fuel: 60, s: null });

/** A module with coroutines in a function, as models have them. */
function moduleOf(text: string): string {
  return compileModel(`export function createModel(world) {
    const { t } = world; ${PRELUDE} ${text}
    return { main, o };
  }`);
}

function made(javascript: string, world: World): Made {
  const { createModel } = instantiateModel(javascript) as { createModel: (world: World) => Made };
  return createModel(world);
}

/** What happens until the end; a bound, since what is wrong may go on for ever. */
function ranToEnd(world: World, step: () => boolean): void {
  for (let i = 0; i < 2000; i++) {
    if (step()) return;
    world.trace.push("-");
  }
  throw new Error("it does not end");
}

function traced(world: World, run: () => unknown): readonly unknown[] {
  try {
    world.trace.push("value", run());
  } catch (error) {
    world.trace.push("error", String(error));
  }
  return [...world.trace, ...world.t, world.fuel];
}

function asGenerator(javascript: string): readonly unknown[] {
  const world = newWorld();
  const { main } = made(javascript, world);
  return traced(world, () => {
    const body = main(3, 4) as Generator;
    let value: unknown;
    ranToEnd(world, () => {
      const next = body.next();
      value = next.value;
      return next.done === true;
    });
    return value;
  });
}

function asFrames(frames: string): readonly unknown[] {
  const world = newWorld();
  const { main } = made(frames, world);
  return traced(world, () => {
    const thread = new FrameThread(main(3, 4) as Frame);
    ranToEnd(world, () => thread.run());
    return thread.value;
  });
}

/** Both as text of main(). */
function same(text: string): void {
  const javascript = moduleOf(text);
  expect(asFrames(framesOf(javascript))).toEqual(asGenerator(javascript));
}

/** Leaves out the one form of random text that frames refuse on purpose ("variables of rounds" below). */
function assumeFrames(text: string): void {
  try {
    framesOf(moduleOf(text));
  } catch (error) {
    fc.pre(!(error instanceof ModelError && error.message.endsWith("every round of its loop has a new one")));
    throw error;
  }
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are texts of code
const BODIES: readonly (readonly [string, string])[] = [
  ["straight on", "yield* wait(a); yield; return yield* wait(b);"],
  ["no yield at all", "a++; return a * b;"],
  [
    "commas in returns",
    "yield; if (a > 9) return a, 1; const f = (yield* (function* () { return a, 0; })()); return f, b;",
  ],
  [
    "commas in keys",
    "const list = [yield* wait(1), 2]; return list[t.push(a), 0] + list[t.push(b), 1] + (yield* wait(2));",
  ],
  ["an object after a comma", "((yield), { a, x: a }).x; return b;"],
  [
    "loops",
    "for (let i = 0; i < 3; i++) { while (a-- > 0) yield* wait(a); do { b -= yield* wait(1); } while (b > 0); }",
  ],
  ["a loop without end", "for (;;) { if ((yield* wait(a)) > 20) break; a++; } return a;"],
  [
    "labels",
    "x: for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) { yield; if (j === i) continue x; if (i > 2) break x; a += j; } return a;",
  ],
  ["a labelled block", "out: { if (yield* wait(a)) break out; a = 100; } return a;"],
  ["two labels", "x: y: while (true) { yield; if (a++ < 5) continue y; break x; } return a;"],
  [
    "leaving from inside what stays",
    "x: while (true) { yield; for (const k of [1, 2, 3]) { switch (k) { case 2: if (a++ > 5) break x; continue x; } } } return a;",
  ],
  [
    "switch with fall-through",
    "for (let i = 0; i < 5; i++) switch (i) { case 0: a++; default: yield* wait(i); case 1: b += 2; break; case 3: yield; }",
  ],
  ["switch over a call", "switch (yield* wait(1)) { case 3: return 'three'; default: return 'none'; }"],
  ["a return of a return", "if (a) { if (yield* wait(b)) return a; } return b;"],
  ["and, or, not", "const x = (yield* wait(0)) && (yield* wait(1)) || !(yield* wait(2)); return x;"],
  [
    "conditions",
    "if (!(a && (yield* wait(0)) || (b && !(yield* wait(3))))) return 1; while ((yield* wait(a)) || b-- > 2) a = 0; return b;",
  ],
  ["choices", "return (a > 2 ? yield* wait(1) : yield* wait(2)) + ((yield* wait(0)) ? 1 : 2);"],
  ["arguments", "return o.add(a, (a += 2, yield* wait(a)));"],
  ["a function in a variable", "let f = plain; const g = () => a; a = 9; return f(yield* wait(1)) + g();"],
  ["a member that changes", "return o.add(1, (o.add = (x) => -x, yield* wait(1)));"],
  [
    "assignments",
    "t[a & 1] += yield* wait(1); t[yield* wait(0)] -= (yield* wait(2)) + (a = 2); a *= yield* wait(b); o.k ||= 3; return a + o.k;",
  ],
  ["an old value", "a += (a = 10, yield* wait(1)); return a + (b = 7, yield* wait(b)) + b;"],
  ["commas", "return (a++, yield* wait(a), b++, a + b);"],
  ["recursion", "return (yield* deep(5)) + (yield* deep(2));"],
  [
    "closures",
    "const f = () => a + b, g = (a) => { const b = 2; return a + b; }; a = 7; yield; b++; return f() + g(1) + [1].map((x) => x + a)[0];",
  ],
  [
    "shorthands",
    "const { x, y: z = 4, ...rest } = { x: yield* wait(1), q: 2 }; const [p, ...q] = [x, a, b]; return JSON.stringify({ x, z, rest, p, q });",
  ],
  [
    "what shadows",
    "let c = 1; { let c = yield* wait(2); { const c = 3; yield; b += c; } b += c; } for (let c = 0; c < 2; c++) yield; return b + c;",
  ],
  ["var", "for (var i = 0; i < 2; i++) { var z; yield; z = (z ?? 0) + 1; } return i + z;"],
  ["let without a value in a loop", "for (let i = 0; i < 3; i++) { let z; yield; world.trace.push(z); z = i; }"],
  [
    "names that frames have",
    "let label = 1, caller = 2, sent = 3, step = 4; yield* wait(label); return label + caller + sent + step;",
  ],
  [
    "coroutines within",
    "const f = function* (x) { a += x; yield; return (yield* wait(x)) + a + b; }; return (yield* f(1)) + (yield* f(2));",
  ],
  [
    "coroutines within coroutines within functions",
    "const f = (k) => function* () { const g = function* () { k++; yield; return a++ + k; }; return (yield* g()) + (yield* g()); }; const [h, i] = [f(1), f(5)]; return [yield* h(), yield* i(), yield* h()].join();",
  ],
  [
    "functions within",
    "return twice(a) + (yield* own(2)); function twice(x) { return x * b; } function* own(n) { yield; return n > 0 ? (yield* own(n - 1)) + twice(n) : a; }",
  ],
  [
    "objects, arrays, templates, new",
    "return `${a}${[a, yield* wait(1), ...[b, 2], yield* wait(a)]}${JSON.stringify({ a, b: yield* wait(2), 'c d': a })}${new Pair(a, yield* wait(0)).y}`;",
  ],
  ["errors", "yield; throw new Error('x' + (yield* wait(1)));"],
  [
    "errors that are caught",
    "try { a.b.c(); } catch (e) { a = 2; } finally { b++; } yield; try { return a + b; } finally { world.trace.push('f'); }",
  ],
  [
    "defaults",
    "const f = function* (x = a, [y, z] = [x, b], ...rest) { yield; return x + y + z + rest.length; }; return (yield* f()) + (yield* f(1, [2, 3], 4, 5));",
  ],
  ["unused values", "yield* wait(1), yield* wait(2); void (yield* wait(3)); (yield* wait(0)) || (yield* wait(4));"],
  ["yield with a value", "const x = yield plain(1); return x;"],
  ["optional chains", "const x = (yield* wait(1))?.toString(); return x?.length + (o?.k ?? 2);"],
  ["classes", "class Own { get() { return a; } } yield; return new Own().get() + b;"],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are texts of code

describe("the same as generators and as frames", () => {
  test.each(BODIES)("%s", (_name, body) => {
    same(`function* main(a, b) { ${body} }`);
  });

  test("what is no coroutine is its own value, in frames", () => {
    const text = "function* main(a, b) { return (yield* plain(2)) + (yield* plain(yield* plain(b))); }";
    expect(asFrames(framesOf(moduleOf(text)))).toContain(9);
  });

  test("random coroutines", () => {
    fc.assert(
      fc.property(coroutines, (text) => {
        assumeFrames(text);
        same(text);
      }),
      { numRuns: 400 },
    );
  });
});

describe("frames in the midst", () => {
  const counting = `function* main(a, b) {
    const list = [a]; let c = 0;
    const more = () => list.push(c);
    for (let i = 0; i < 5; i++) { c += (yield* wait(i)) + (yield* deep(i & 3)); more(); t[i & 3] += c; }
    return list.join() + c;
  }`;

  /** Saves at every stop, goes on from each several times, and compares with the run that was not disturbed. */
  function checkRestores(text: string): void {
    const world = newWorld();
    const model = made(framesOf(moduleOf(text)), world);
    const thread = new FrameThread(model.main(3, 4) as Frame);
    const roots = [thread, world, model.o];
    const image = new StateImage({ roots: () => roots, now: () => 0, role: () => "plain" });
    const stops: { readonly state: ReturnType<StateImage["save"]>; readonly hash: string }[] = [];
    const stop = (): void => {
      const state = image.hashAndSave();
      stops.push({ state, hash: `${image.h1} ${image.h2}` });
    };
    const goOn = (): readonly unknown[] =>
      traced(world, () => {
        ranToEnd(world, () => thread.run());
        return thread.value;
      });
    const full = traced(world, () => {
      ranToEnd(world, () => {
        stop();
        return thread.run();
      });
      return thread.value;
    });
    for (const { state, hash } of [...stops, ...stops.toReversed()].slice(-12)) {
      for (let i = 0; i < 2; i++) {
        image.restore(state);
        image.hash();
        expect(`${image.h1} ${image.h2}`).toBe(hash);
        // The stop where it was saved has been told before, or will be told after it.
        expect(goOn()).toEqual(full);
      }
    }
    expect(new Set(stops.map((one) => one.hash)).size).toBe(stops.length);
  }

  test("can be put back any number of times", () => checkRestores(counting));

  test("of random coroutines, too", () => {
    fc.assert(
      fc.property(coroutines, (text) => {
        assumeFrames(text);
        checkRestores(text);
      }),
      { numRuns: 60 },
    );
  });

  test("have their state in plain fields, and nothing left of what is past", () => {
    const world = newWorld();
    const text = "function* main(a, b) { a = o.add(a, yield* wait(2)) + b; yield; return a; }";
    const thread = new FrameThread(made(framesOf(moduleOf(text)), world).main(3, 4) as Frame);
    const first = thread.top as Frame;
    const keys = Object.keys(first);
    expect([first.constructor.name, first.frameName]).toEqual(["main_frame", "main"]);
    expect(thread.run()).toBe(false);
    expect(thread.top?.frameName).toBe("wait");
    expect(thread.top?.caller).toBe(first);
    expect(thread.run()).toBe(false);
    expect(Object.keys(first)).toEqual(keys);
    expect({ ...first }).toEqual({
      label: 2,
      caller: null,
      sent: undefined,
      a: 17,
      b: 4,
      $t0: undefined,
      $t1: undefined,
    });
    expect(thread.run()).toBe(true);
    expect([thread.value, thread.top]).toEqual([17, null]);
  });
});

describe("what frames cannot do is refused by name", () => {
  test.each([
    ["try", "try { yield; } finally { a = 1; }", /main blocks within a TryStatement/],
    ["for-of", "for (const x of [1]) yield x;", /main blocks within a ForOfStatement/],
    ["for-in", "for (const x in {}) yield x;", /main blocks within a ForInStatement/],
    ["a case", "switch (a) { case yield: a = 1; }", /main blocks within a CaseClause/],
    ["optional calls", "a?.(yield);", /main blocks within a CallExpression/],
    ["this", "yield; return this;", /main is a coroutine that uses this/],
    ["arguments", "yield; return arguments.length;", /main is a coroutine that uses arguments/],
    ["variables of rounds", "for (let i = 0; i < 3; i++) { yield; t.push(() => i); }", /main hands i to a function/],
    ["methods", "return { *own() {} };", /own is a coroutine that is a method/],
    ["names", "let $v = 1; yield; return $v;", /has a variable \$v/],
  ])("%s", (_name, body, message) => {
    const javascript = moduleOf(`function* main(a, b) { ${body} }`);
    expect(() => framesOf(javascript)).toThrow(ModelError);
    expect(() => framesOf(javascript)).toThrow(message);
  });
});

describe("frames by hand", () => {
  class Take extends AttemptFrame<number> {
    constructor(readonly from: number[]) {
      super();
    }

    get frameName(): string {
      return "take";
    }

    override attempt(): number | typeof BLOCKED {
      return this.from.pop() ?? BLOCKED;
    }
  }

  test("attempt until they get their way", () => {
    const from: number[] = [];
    const thread = new FrameThread(new Take(from));
    expect([thread.run(), thread.run()]).toEqual([false, false]);
    from.push(3);
    expect([thread.run(), thread.value, thread.run()]).toEqual([true, 3, true]);
  });

  test("run where nothing may sleep", () => {
    expect(runToEnd(new Take([1, 2]))).toBe(2);
    expect(runToEnd(5)).toBe(5);
    expect(indirect(7)).toBe(7);
    expect(() => runToEnd(new SuspendFrame())).toThrow(SimulationFault);
    expect(() => runToEnd(new Take([]))).toThrow(/take blocks in take/);
  });

  test("give up the CPU once", () => {
    const thread = new FrameThread(new SuspendFrame());
    expect([thread.run(), thread.run(), thread.value]).toEqual([false, true, undefined]);
  });
});
