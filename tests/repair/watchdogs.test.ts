/** What states a watchdog's time besides the deadline: changed with it, or the recipe refuses. */
import { describe, expect, test } from "vitest";
import { changed, kernel, outcome, type Texts, WATCHDOG } from "./echo-kernel.ts";

const STATED = "(2 * server->echo_interval) / HZ";
const watch = (...edits: readonly (readonly [string, string])[]): Texts =>
  kernel({ watchdog: changed(WATCHDOG, ...edits) });

describe("the message of the watchdog", () => {
  test.each([
    ["2 * (server->echo_interval / HZ)", "3 * (server->echo_interval / HZ)"],
    ["server->echo_interval / HZ * 2", "server->echo_interval / HZ * 3"],
    ["2 * (server->echo_interval) / HZ", "3 * (server->echo_interval) / HZ"],
  ])("as %s is changed with the deadline", (stated, wanted) => {
    expect(outcome("three-intervals", watch([STATED, stated])).join("\n")).toContain(wanted);
  });

  test.each([
    "(server->echo_interval << 1) / HZ",
    "(server->echo_interval + server->echo_interval) / HZ",
    "0x2 * server->echo_interval / HZ",
    "2 * jiffies_to_msecs(server->echo_interval) / 1000",
    "2 * SMB_ECHO_INTERVAL_DEFAULT",
  ])("as %s is refused: it would go on stating the old time", (stated) => {
    const [kind, , reason] = outcome("three-intervals", watch([STATED, stated]));
    expect([kind, reason]).toEqual(["refused", expect.stringContaining("states the time in a way")]);
  });
});

test("a message with another number is left alone", () => {
  const lines = outcome("three-intervals", watch([STATED, "(3 * server->echo_interval) / HZ"])).join("\n");
  expect(lines).toContain("server->lstrp + 3 * server->echo_interval");
  expect(lines).not.toContain("/ HZ");
});

test("another deadline with the same number stays", () => {
  const lines = outcome(
    "three-intervals",
    watch([
      "\treturn false;",
      "\tif (time_after(jiffies, server->born + 2 * server->echo_interval))\n\t\treturn true;\n\treturn false;",
    ]),
  );
  expect(lines.join("\n")).not.toContain("born");
  expect(lines.join("\n")).toContain("server->lstrp + 3 * server->echo_interval");
});
