import { describe, expect, test } from "vitest";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { sunrpcReconnect } from "../../kernel-models/sunrpc-reconnect/system.ts";
import { exitOf, replayCommand } from "../../tools/cli/check.ts";
import { narrowingOf } from "../../tools/cli/check-options.ts";
import { InputError } from "../../tools/kernel/input-error.ts";

describe("what narrows a check", () => {
  test("nothing given: the system's own table", () => {
    expect(narrowingOf({}, cifsEcho)).toEqual({
      hz: null,
      own: { echoIntervals: null, roundTrips: null },
      wheel: null,
      seed: 1,
      size: "full",
    });
  });

  test("lists, each value once", () => {
    const options = {
      hz: "250, 1000,250",
      own: { "echo-interval": "60", rtt: "1jiffy,0.5,5" },
      wheel: "exact",
      seed: "0",
    };
    expect(narrowingOf(options, cifsEcho)).toMatchObject({
      hz: [250, 1000],
      own: { echoIntervals: [60], roundTrips: ["1jiffy", 0.5, 5] },
      wheel: "exact",
      seed: 0,
    });
  });

  test.each([
    [{ hz: "" }, "--hz"],
    [{ hz: "250.5" }, "250.5"],
    [{ hz: "11" }, "12 to 12287"],
    [{ hz: "1e3" }, "1e3"],
    [{ own: { "echo-interval": "0" } }, "1 to 600"],
    [{ own: { "echo-interval": "601" } }, "1 to 600"],
    [{ own: { rtt: "0" } }, "--rtt"],
    [{ own: { rtt: "2jiffies" } }, "2jiffies"],
    [{ own: { rtt: new Array(21).fill("1").join() } }, "more than 20"],
    [{ wheel: "round" }, "exact, levels, slack"],
    [{ seed: "-1" }, "--seed"],
    [{ own: { rpciod: "OTHER" } }, "--rpciod: is an option of another system, not of cifs-echo"],
  ])("%j is refused", (options, word) => {
    expect(() => narrowingOf(options, cifsEcho)).toThrow(InputError);
    expect(() => narrowingOf(options, cifsEcho)).toThrow(word);
  });

  test("an option of one value takes no list", () => {
    expect(narrowingOf({ own: { preemptions: "2", cpus: "2,1" } }, sunrpcReconnect)).toMatchObject({
      own: { preemptions: [2], cpus: [2, 1], users: null },
    });
    const list = { own: { preemptions: "1,2" } };
    expect(() => narrowingOf(list, sunrpcReconnect)).toThrow('--preemptions 1,2: "1,2" is not a number from 0 to 20');
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
