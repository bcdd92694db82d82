/** A second system: a client of remote calls of several threads, compared with its compiled C as it stands. */
import { beforeAll, describe, expect, test } from "vitest";
import { compileModel } from "../../tools/check/load-model.ts";
import { lineCoverage } from "../../tools/native/coverage.ts";
import { Bench, SeededDecisions, type ValidationPart } from "../../tools/native/validation.ts";
import { COMPILER, type Comparison, compared } from "./setup.ts";
import { threadsComparison, threadsExercise, threadsSlice } from "./threads-system.ts";

/** Lines that no history can come to: neither allocations nor threads fail here. */
const OUT_OF_REACH = /^(?:sched\.c:60|xprt\.c:(?:266|285))$/;

/** Changes of the model's text, each of one kind of feature: what stands there, and what is put in its place. */
const PLANTED: readonly (readonly [what: string, before: string | RegExp, after: string])[] = [
  ["a wake-up is dropped", "wake_up(task.tk_xprt.wait)", "void 0"],
  ["a wake-up of all wakes one", "wake_up_all(xprt.wait)", "wake_up(xprt.wait)"],
  ["a thread is not woken", "wake_up_process(pool.helper);", ""],
  ["a sleep is longer", "schedule_timeout_uninterruptible(kernel, divS32(HZ, 10))", "msleep(kernel, 20)"],
  ["a wait's timeout is longer", /(wait_event_interruptible_timeout\(.*), HZ\)/, "$1, 2 * HZ)"],
  [
    "a timer's time is later",
    "mod_timer(wait.timer, add64(kernel.jiffies, timeout))",
    "mod_timer(wait.timer, timeout)",
  ],
  ["a condition lacks a part", "!list_empty(xprt.replies) || kthread_should_stop(kernel)", "!list_empty(xprt.replies)"],
  ["a condition is another", "() => pool.count >= least,", "() => pool.count > least,"],
  [
    "it is another bit",
    'clear_bit(3, new FieldPointer(xprt, "state"));',
    'clear_bit(2, new FieldPointer(xprt, "state"));',
  ],
  ["a bit of the second word", "test_and_set_bit(65,", "test_and_set_bit(1,"],
  ["the lock bit is not taken", "test_and_set_bit(0, new FieldPointer", "test_bit(0, new FieldPointer"],
  ["the order of a list", "list_add_tail(reply.link, xprt.replies)", "list_add(reply.link, xprt.replies)"],
  ["an entry's place in a list", "list_move_tail(entry.lru, pool.lru)", "void 0"],
  ["the direction of a loop", "cursor = pool.lru.prev", "cursor = pool.lru.next"],
  ["the member of a union", "task.tk_u.tk_bytes = bytes;", "task.tk_u.tk_bytes = 0;"],
  ["the index of an array", "setElementAt(stats.recent, stats.sum.at,", "setElementAt(stats.recent, 0,"],
  [
    "the index of an array of arrays",
    "setElementAt(elementAt(pool.grid, kind & 1), 2,",
    "setElementAt(elementAt(pool.grid, 0), 2,",
  ],
  ["the width of a bit-field", "(prio << 29) >> 29", "(prio << 28) >> 28"],
  ["the width of one of two bit-fields", "toU8(~key >>> 0) & 31", "toU8(~key >>> 0) & 15"],
  ["the width of a member", "toU16((slot.uses + 16385) | 0)", "slot.uses + 16385"],
  ["an element of a swap", "copyStruct(structPlus(xprt.spare, 1), swapped1)", "void 0"],
  ["a status returned", "return -16;", "return 0;"],
  ["the width of a packed member", "new WireField(5, 2, false)", "new WireField(5, 1, false)"],
  ["the place of a packed member", "new WireField(7, 4, false)", "new WireField(6, 4, false)"],
  ["the place in a packed struct within another", "low: new WireField(1, 4", "low: new WireField(0, 4"],
  ["a store behind a call", /(\n *xprt\.error = status;)( .*\n.*\n *ghr_wake_all\(xprt\.pending, status\);)/, "$2$1"],
  ["the release of a counter", "kref_put(task.tk_ref, ghr_free)", "kref_put(task.tk_ref, () => undefined)"],
  ["a timer's function", "timer_setup(xprt.idle, ghr_idle, 0)", "timer_setup(xprt.idle, () => undefined, 0)"],
  ["a timer's flags", "timer_setup(xprt.idle, ghr_idle, 0)", "timer_setup(xprt.idle, ghr_idle, 1)"],
  ["a comparison of jiffies", "time_before(kernel.jiffies", "!time_before(kernel.jiffies"],
  ["a call of one of three functions of one name", /status = check\w*\(task\);/, "status = 0;"],
];

describe.skipIf(COMPILER === null)("a system of several threads (needs a C compiler)", () => {
  let comparison: Comparison;

  beforeAll(async () => {
    comparison = await threadsComparison([100, 1000]);
  });

  test("nothing of it is unknown to the translator", async () => {
    const { translation } = await threadsSlice();
    expect(translation.unmodelled).toEqual([]);
    expect(translation.notes).toEqual([]);
  });

  test("model and compiled C do the same, at HZ 100 and 1000", async () => {
    const part = await compared(comparison.setup, 3000, threadsExercise);
    expect(part).toMatchObject({ histories: 3000, difference: null, unrecorded: {} });
    expect(part.decisions).toBeGreaterThan(100_000);
    expect(part.events).toBeGreaterThan(1_000_000);
    expect(part.cut).toEqual({});
  });

  test("the histories come to nearly all lines", () => {
    const { setup, text } = comparison;
    const decisions = new SeededDecisions();
    const { lines, notReached } = lineCoverage(text, setup.javascript, threadsExercise, 500, (number) => {
      decisions.begin(setup.seed, number);
      return Bench.optionsOf(setup, 100, decisions);
    });
    const missed = notReached.map(({ file, line }) => `${file}:${line}`).filter((one) => !OUT_OF_REACH.test(one));
    expect(lines).toBeGreaterThan(450);
    expect(missed.length, missed.join(" ")).toBeLessThan(lines / 25);
  });

  /** What comes of a model with another text. */
  function changed(before: string | RegExp, after: string): Promise<ValidationPart> {
    const { setup, text } = comparison;
    const mutant = text.replace(before, after);
    expect(mutant).not.toBe(text);
    return compared({ ...setup, javascript: compileModel(mutant) }, 1920, threadsExercise);
  }

  test.each(PLANTED)("it is found when %s", async (_what, before, after) => {
    expect((await changed(before, after)).difference).not.toBeNull();
  });
});
