import { describe, expect, test } from "vitest";
import { exitOf, replayCommand } from "../../tools/cli/check.ts";
import { narrowingOf } from "../../tools/cli/check-options.ts";
import { InputError } from "../../tools/kernel/input-error.ts";

describe("what narrows a check", () => {
  test("nothing given: the system's own table", () => {
    expect(narrowingOf({})).toEqual({
      hz: null,
      echoIntervals: null,
      roundTrips: null,
      wheel: null,
      seed: 1,
      size: "full",
    });
  });

  test("lists, each value once", () => {
    const options = { hz: "250, 1000,250", echoInterval: "60", rtt: "1jiffy,0.5,5", wheel: "exact", seed: "0" };
    expect(narrowingOf(options)).toMatchObject({
      hz: [250, 1000],
      echoIntervals: [60],
      roundTrips: ["1jiffy", 0.5, 5],
      wheel: "exact",
      seed: 0,
    });
  });

  test.each([
    [{ hz: "" }, "--hz"],
    [{ hz: "250.5" }, "250.5"],
    [{ hz: "11" }, "12 to 12287"],
    [{ hz: "1e3" }, "1e3"],
    [{ echoInterval: "0" }, "1 to 600"],
    [{ echoInterval: "601" }, "1 to 600"],
    [{ rtt: "0" }, "--rtt"],
    [{ rtt: "2jiffies" }, "2jiffies"],
    [{ rtt: new Array(21).fill("1").join() }, "more than 20"],
    [{ wheel: "round" }, "exact, levels, slack"],
    [{ seed: "-1" }, "--seed"],
  ])("%j is refused", (options, word) => {
    expect(() => narrowingOf(options)).toThrow(InputError);
    expect(() => narrowingOf(options)).toThrow(word);
  });
});

test("the command that replays is one that a shell takes", () => {
  expect(replayCommand("cifs-echo", { kernel: "debian:6.1" }, "out/w.json")).toBe(
    "groundhog check cifs-echo --kernel debian:6.1 --replay out/w.json",
  );
  expect(replayCommand("cifs-echo", { kernel: "/a b/it's", config: "c" }, "w")).toBe(
    "groundhog check cifs-echo --kernel '/a b/it'\\''s' --config c --replay w",
  );
});

test("exit codes", () => {
  expect([exitOf("holds"), exitOf("violated"), exitOf("inconclusive")]).toEqual([0, 1, 3]);
});
