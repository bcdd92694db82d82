/** What is read off a model's text: which members are times, counters, constants, or looked at by nobody. */
import { expect, test } from "vitest";
import { type RoleOptions, rolesOf } from "../../tools/check/state-roles.ts";

/** As the translator writes it, in short: classes, functions, and the list of all functions at the end. */
const MODEL = `
export class transport {
  timeout: number;
  last_used: number;
  age: number;
  count: number;
  unread: number;
  started: number;
  id: number;
  fixed: number;
  other: number;
  inner: part;
  constructor() {
    this.timeout = 0;
    this.unread = 0;
  }
}

export class part {
  value: number;
  deeper: leaf;
}

export class leaf {
  value: number;
}

export class request {
  copied: number;
  xid: number;
  played: number;
}

export function createModel(kernel: Simulation) {
  function setup(xprt: transport) {
    xprt.fixed = 5;
    xprt.id = 7;
  }

  function* work(xprt: transport) {
    xprt.last_used = kernel.jiffies;
    xprt.timeout = add64(xprt.last_used, 250);
    xprt.age = sub64(kernel.jiffies, xprt.last_used);
    xprt.count = add32(xprt.count, 1);
    xprt.unread = add32(xprt.unread, 1);
    xprt.started = ktime_get(kernel);
    xprt.other = 3;
    if (xprt.timeout > xprt.count) {
      yield* helper(xprt, xprt.started, xprt.age);
    }
  }

  function* helper(xprt: transport) {
    xprt.count = 0;
    memcpy(xprt.inner, from, 8);
    if (xprt.other > xprt.last_used) {
      return new request();
    }
  }

  function* unused(xprt: transport) {
    xprt.fixed = 6;
  }

  return {
    functions: {
      setup,
      work,
      helper,
      unused,
    }
  };
}
`;

const OPTIONS: RoleOptions = {
  begins: ["work"],
  setups: ["setup"],
  played: new Set(["played"]),
  names: new Set(["xid"]),
  own: { "Machine.clock": "atom", "*.embedder": "constant" },
};
const role = rolesOf(MODEL, OPTIONS);

test("times are what the clock says, and what is worked out from it; no durations", () => {
  expect(role("transport", "last_used")).toBe("deadline");
  expect(role("transport", "timeout")).toBe("deadline");
  expect(role("transport", "age")).toBe("plain");
});

test("times in nanoseconds have passed: nobody looks at them", () => {
  expect(role("transport", "started")).toBe("skip");
});

test("a counter grows by a constant, or begins anew; one that nobody reads is not looked at", () => {
  expect(role("transport", "count")).toBe("count");
  expect(role("transport", "unread")).toBe("skip");
});

test("what is only stored while everything is set up, or in what never runs, is constant", () => {
  expect(role("transport", "fixed")).toBe("constant");
  expect(role("transport", "id")).toBe("constant");
  expect(role("transport", "other")).toBe("plain");
  expect(rolesOf(MODEL, { ...OPTIONS, setups: [], begins: ["work", "setup"] })("transport", "id")).not.toBe("constant");
  expect(rolesOf(MODEL, { ...OPTIONS, begins: ["work", "unused"] })("transport", "fixed")).not.toBe("constant");
});

test("what is copied whole is not, nor what is in it, nor what is made anew", () => {
  expect(role("part", "value")).toBe("plain");
  expect(role("leaf", "value")).toBe("plain");
  expect(role("request", "copied")).toBe("plain");
});

test("what the surroundings store is not constant; names are names; the options come first", () => {
  expect(role("request", "played")).toBe("plain");
  expect(role("request", "xid")).toBe("name");
  expect(role("Machine", "clock")).toBe("atom");
  expect(role("transport", "embedder")).toBe("constant");
});

test("frames: what they found around themselves is constant, their variables are not", () => {
  expect(role("work_frame", "$0")).toBe("constant");
  expect(role("work_frame", "xprt")).toBe("plain");
});
