import { describe, expect, test } from "vitest";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { kernelTimers } from "../../tools/timing/kernel-timers.ts";

function tree(version: string | null, files: Readonly<Record<string, string>>): KernelSource {
  return {
    id: "a tree",
    version,
    notes: [],
    list: async () => Object.keys(files).sort(),
    read: async (path) => (files[path] === undefined ? null : Buffer.from(files[path], "latin1")),
    close: async () => {},
  };
}

const MOD = "int mod_timer(struct timer_list *timer)\n{\n}\n";
const SLEEP = "void msleep(unsigned int msecs)\n{\n\tlong t = msecs_to_jiffies(msecs) + 1;\n}\n";

describe("the kernel's own timer source", () => {
  test.each([
    ["kernel/time/timer.c", `${MOD}static int calc_wheel_index(void)\n{\n}\n${SLEEP}`, "levels", true],
    ["kernel/timer.c", `${MOD}static long apply_slack(int a)\n{\n}\n${SLEEP}`, "slack", true],
    ["kernel/timer.c", `${MOD}/* calc_wheel_index() came later */\n${SLEEP}`, "exact", true],
    ["kernel/time/timer.c", `${MOD}int calc_wheel_index(void);\n${SLEEP.replace(" + 1", "")}`, "levels", false],
  ])("%s says %#", async (path, text, timers, msleepAddsJiffy) => {
    // The version says otherwise, and is not asked.
    expect(await kernelTimers(tree("3.10.1", { [path]: text }))).toEqual({ timers, timersFrom: path, msleepAddsJiffy });
  });

  test("msleep() in a file of its own", async () => {
    const files = {
      "kernel/time/timer.c": `${MOD}int calc_wheel_index(void);`,
      "kernel/time/sleep_timeout.c": SLEEP.replace(" + 1", ""),
    };
    expect(await kernelTimers(tree("6.18.0", files))).toMatchObject({ timers: "levels", msleepAddsJiffy: false });
  });
});

test.each([
  ["6.1.192", "levels"],
  ["4.8.0", "levels"],
  ["4.7.9", "slack"],
  ["3.16.0", "slack"],
  ["2.6.38", "slack"],
  [null, "levels"],
])("without the source, %s is assumed to have %s, and says so", async (version, timers) => {
  expect(await kernelTimers(tree(version, {}))).toEqual({
    timers,
    timersFrom: "assumed: the tree has no timer source",
    msleepAddsJiffy: true,
  });
});
