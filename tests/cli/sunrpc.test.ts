/** Sessions with the reconnect of the NFS client, on the sample: verdicts, witnesses, options, candidates. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fixSchema } from "../../tools/report/schema.ts";
import { type ReconnectDocument, reconnectCheckSchema } from "../report/echo-schemas.ts";
import { expectOneLine, filesBelow, groundhog, newFolder, type Session, useBundle } from "./session.ts";

useBundle();

/** A check of a few seconds may share the machine with others. */
const MAX_MS = 120_000;
const PATIENT = { maxMs: MAX_MS };
/** The step that has the callback for errors and takes -EAGAIN for success. */
const HANGING = "sample@4";
/** The document's rows, and no schedule but those that need no search. */
const PLAINLY = ["--scheduler", "fair,eager"];

function check(kernel: string, ...args: string[]): Session {
  return groundhog(["check", "sunrpc-reconnect", "--kernel", kernel, ...args], PATIENT);
}

function documentOf({ stdout }: Session): ReconnectDocument {
  return reconnectCheckSchema.parse(JSON.parse(stdout));
}

/** What a row of the document says: who, on how many CPUs, under which scheduler. */
function rowOf(document: ReconnectDocument, user: string, rpciod: string, cpus: number, scheduler: string) {
  return document.figures?.scenarios.find(
    (one) => one.user === user && one.rpciod === rpciod && one.cpus === cpus && one.scheduler === scheduler,
  );
}

interface Hang {
  readonly session: Session;
  readonly document: ReconnectDocument;
  readonly out: string;
  readonly witness: string;
}

let known: Hang | null = null;

/** One check for several tests. */
function hang(): Hang {
  if (known !== null) return known;
  const out = newFolder();
  const session = check(HANGING, ...PLAINLY, "--out", out, "--json");
  const document = documentOf(session);
  const witness = document.properties.find((one) => one.name === "progress")?.witness ?? "";
  known = { session, document, out, witness };
  return known;
}

describe("the step that hangs", () => {
  test("is violated, with a document of the declared shape", { timeout: MAX_MS }, () => {
    const { session, document, out, witness } = hang();
    expect([session.exit, session.stderr]).toEqual([1, ""]);
    const shape = groundhog(["schema", "check"]);
    z.fromJSONSchema(JSON.parse(shape.stdout) as Parameters<typeof z.fromJSONSchema>[0]).parse(document);
    expect([document.system, document.verdict, document.unmodelled, document.reasons]).toEqual([
      "sunrpc-reconnect",
      "violated",
      [],
      [],
    ]);
    expect(document.properties.map((one) => [one.name, one.kind, one.verdict, one.witness !== null])).toEqual([
      ["progress", "progress", "violated", true],
      ["one-worker", "safety", "inconclusive", false],
      ["no-lost-call", "safety", "inconclusive", false],
    ]);
    const name = witness.slice(out.length + 1);
    expect(filesBelow(out)).toEqual([name.replace(".witness.json", ".timeline.txt"), name]);
  });

  test("has the document's rows", { timeout: MAX_MS }, () => {
    const { document } = hang();
    // Users, policies of rpciod, CPUs, schedulers.
    expect(document.figures?.scenarios).toHaveLength(2 * 3 * 2 * 2);
    expect(document.figures?.scenarios.filter((one) => one.verdict === "inconclusive")).toEqual([]);
    for (const rpciod of ["OTHER", "RR 49"]) {
      expect(rowOf(document, "RR 50", rpciod, 1, "fair")).toMatchObject({
        verdict: "violated",
        recoverySeconds: null,
        what: "the same state comes back without progress",
      });
      expect(rowOf(document, "RR 50", rpciod, 2, "fair")).toMatchObject({ verdict: "holds", what: null });
    }
    // Real-time workers above the user, and users that take their turn, are never kept from the connection.
    expect(rowOf(document, "RR 50", "RR 51", 1, "fair")?.verdict).toBe("holds");
    expect(rowOf(document, "OTHER", "OTHER", 1, "fair")?.verdict).toBe("holds");
    // A scheduler that lets who is woken run first does to equals what priorities do.
    expect(rowOf(document, "OTHER", "OTHER", 1, "eager")?.verdict).toBe("violated");
    const recovered = document.figures?.scenarios.filter((one) => one.verdict === "holds") ?? [];
    // A connection is tried again after 3 s, or after a delay that doubles while none is to be had.
    for (const { recoverySeconds } of recovered) expect(recoverySeconds).toBeLessThan(15);
  });

  test("says with which of the settings that were tried it does not hang", { timeout: MAX_MS }, () => {
    const { figures } = hang().document;
    expect(figures?.workarounds.map(({ rpciod, users }) => [rpciod, users])).toEqual([
      ["RR 49", ["OTHER"]],
      ["RR 51", ["OTHER", "RR 50"]],
    ]);
    expect(figures?.workers).toBe("kworker");
    const { stdout } = check(HANGING, "--user", "RR 50", "--cpus", "1", "--scheduler", "any", "--out", newFolder());
    expect(stdout).toMatch(
      /^progress \(progress\): violated: the call hangs \(the same state comes back\) for user RR 50, .*; \d of 3 combinations of user, rpciod, CPUs and scheduler$/m,
    );
    expect(stdout).toMatch(/^Avoided, among the settings tried, by rpciod RR 51 \(recovers within \d+\.\d s\)\.$/m);
    expect(stdout).toMatch(/^RR 50 +OTHER +1 +any \(hangs with 0\) +hangs \(the same state comes back\) +\d+$/m);
    expect(stdout).toMatch(/^RR 50 +RR 51 +1 +any \(up to 4\) +recovers within \d+\.\d s +\d+$/m);
  });

  test("has a witness that comes to the same end, with the wake-up told", { timeout: MAX_MS }, () => {
    const { witness } = hang();
    const again = groundhog(["check", "sunrpc-reconnect", "--replay", witness], PATIENT);
    expect([again.exit, again.stderr]).toEqual([1, ""]);
    expect(again.stdout).toMatch(
      /^progress \(progress\): violated: the witness came to the same end, event for event$/m,
    );
    expect(again.stdout).toMatch(/^ {2}user RR 50, rpciod OTHER, 1 CPU, scheduler fair, HZ=250$/m);
    // Within the worker's disconnect the task is woken: it is told before the call has returned.
    expect(again.stdout).toMatch(
      /connect_worker begins on rpciod\/0\n.*the task is woken +by rpciod\/0, tk_status = -EAGAIN\n.*disconnect = 0 +net\/sunrpc\/xprtsock\.c:\d+ xs_abort_connection$/m,
    );
    expect(again.stdout).toMatch(/^ {2}The worker's own disconnect calls the error callback/m);
    expect(again.stdout).not.toMatch(/undefined|\[object|\{\{|NaN/);
    const timeline = readFileSync(witness.replace(".witness.json", ".timeline.txt"), "utf8");
    expect(timeline).toMatch(/The worker's own disconnect calls the error callback/);
  });

  test("has a witness that holds on the newest step, with exit code 0", { timeout: MAX_MS }, () => {
    const { exit, stdout } = check("sample", "--replay", hang().witness);
    expect(stdout).toMatch(/\(sunrpc-reconnect\): holds in this one history$/m);
    expect(stdout).toMatch(
      /on this kernel the call ends .* s after the way is open: in this one history, progress is not/,
    );
    expect(exit).toBe(0);
  });

  test("has a witness that is refused where it was damaged or is another's", { timeout: MAX_MS }, () => {
    const { witness } = hang();
    const text = readFileSync(witness, "utf8");
    const changed = (from: RegExp, to: string): string => {
      expect(text).toMatch(from);
      const path = join(newFolder(), "w.json");
      writeFileSync(path, text.replace(from, to));
      return path;
    };
    const replay = (path: string, system = "sunrpc-reconnect"): Session =>
      groundhog(["check", system, "--replay", path], PATIENT);
    expectOneLine(replay(changed(/"rounds": 12\b/, '"rounds": 9')), /was changed since it was written, or is damaged/);
    expectOneLine(replay(changed(/"user": "RR 50"/, '"user": "RR 0"')), /is no good witness: .*is no policy/);
    expectOneLine(replay(changed(/"cpus": 1\b/, '"cpus": 9')), /is no good witness: .*cpus/);
    expectOneLine(
      replay(changed(/"property": "progress"/, '"property": "one-worker"')),
      /is no good witness: it is to violate one-worker, and its own end violates "progress"/,
    );
    expectOneLine(
      replay(changed(/"property": "progress"/, '"property": "constructor"')),
      /sunrpc-reconnect has no property constructor; there are progress, one-worker, no-lost-call/,
    );
    expectOneLine(replay(changed(/^/, "x")), /is not JSON/);
    expectOneLine(replay(witness, "cifs-echo"), /is a witness of "sunrpc-reconnect", not of cifs-echo/);
    expectOneLine(check(HANGING, "--replay", witness, "--cpus", "1"), /--cpus: has no meaning with --replay/);
  });
});

test("the newest step holds", { timeout: MAX_MS }, () => {
  const session = check("sample", "--preemptions", "1", "--out", newFolder(), "--json");
  const { verdict, figures, properties } = documentOf(session);
  expect([session.exit, verdict]).toEqual([0, "holds"]);
  expect(properties.map((one) => one.verdict)).toEqual(["holds", "holds", "holds"]);
  expect(figures?.scenarios).toHaveLength(2 * 3 * 2 * 3);
  expect(figures?.scenarios.every((one) => one.stoppedBy === "complete")).toBe(true);
});

describe.each([
  ["random", "random walks"],
  ["priorities", "random priorities"],
])("--strategy %s", (strategy, told) => {
  const ROW = ["--user", "RR 50", "--rpciod", "OTHER", "--cpus", "1"];
  const drawn = (...args: string[]): readonly string[] => [...ROW, "--strategy", strategy, ...args, "--json"];

  /** A session in a folder of its own, and everything that it wrote; the speed is the machine's. */
  function written(seed: string): {
    readonly session: Session;
    readonly cwd: string;
    readonly bytes: readonly string[];
  } {
    const cwd = newFolder();
    const args = drawn("--scheduler", "any", "--seed", seed, "--out", "out");
    const session = groundhog(["check", "sunrpc-reconnect", "--kernel", HANGING, ...args], { ...PATIENT, cwd });
    const files = filesBelow(cwd).flatMap((path) => [path, readFileSync(join(cwd, path), "latin1")]);
    return { session, cwd, bytes: [session.stdout.replace(/"statesPerSecond": ?\d+/, ""), ...files] };
  }

  test("finds the hang, and with one seed writes the same bytes twice", { timeout: MAX_MS }, () => {
    const { session, cwd, bytes } = written("7");
    const document = documentOf(session);
    expect([session.exit, session.stderr, document.verdict]).toEqual([1, "", "violated"]);
    expect(document.figures?.scenarios).toMatchObject([
      { verdict: "violated", stoppedBy: "violation", what: "the same state comes back without progress" },
    ]);
    expect(document.figures?.exploration.strategy).toBe(told);
    const { verdict, witness } = document.properties.find(({ name }) => name === "progress") ?? {};
    expect([verdict, filesBelow(cwd)]).toEqual([
      "violated",
      [witness?.replace(".witness.json", ".timeline.txt"), witness],
    ]);
    expect(written("7").bytes).toEqual(bytes);
    expect(written("8").bytes[0]).not.toBe(bytes[0]);
    const again = groundhog(["check", "sunrpc-reconnect", "--kernel", HANGING, "--replay", witness ?? ""], {
      ...PATIENT,
      cwd,
    });
    expect([again.exit, again.stderr]).toEqual([1, ""]);
    expect(again.stdout).toMatch(
      /^progress \(progress\): violated: the witness came to the same end, event for event$/m,
    );
  });

  test("is inconclusive where it finds nothing, and complete where there is one schedule", { timeout: MAX_MS }, () => {
    const session = check("sample", ...drawn("--scheduler", "fair,any", "--out", newFolder()));
    const { verdict, properties, figures, reasons } = documentOf(session);
    expect([session.exit, verdict]).toEqual([3, "inconclusive"]);
    expect(properties.map((one) => [one.verdict, one.witness])).toEqual(new Array(3).fill(["inconclusive", null]));
    expect(figures?.scenarios.map((one) => [one.scheduler, one.verdict, one.stoppedBy])).toEqual([
      ["fair", "holds", "complete"],
      ["any", "inconclusive", "histories"],
    ]);
    expect(reasons).toEqual([
      "in 1 scenario, no violation was found, but not every schedule was looked at: 2,000 histories were drawn at random",
    ]);
    expect(figures?.exploration).toMatchObject({ strategy: `depth first and ${told}`, bound: null });
  });
});

describe("options", () => {
  test("narrow the table", { timeout: MAX_MS }, () => {
    const own = ["--user", "FIFO 50,OTHER", "--rpciod", "RR 49", "--cpus", "1", "--scheduler", "any"];
    const { exit, stdout } = check(
      HANGING,
      ...own,
      "--preemptions",
      "1",
      "--hz",
      "1000",
      "--out",
      newFolder(),
      "--json",
    );
    const { figures } = reconnectCheckSchema.parse(JSON.parse(stdout));
    expect(exit).toBe(1);
    expect(
      figures?.scenarios.map((one) => [one.user, one.rpciod, one.cpus, one.scheduler, one.verdict, one.preemptions]),
    ).toEqual([
      ["FIFO 50", "RR 49", 1, "any", "violated", 0],
      ["OTHER", "RR 49", 1, "any", "holds", 1],
    ]);
    expect(figures?.exploration.bound).toBe(1);
  });

  test("given twice add up", { timeout: MAX_MS }, () => {
    const plainly = ["--rpciod", "OTHER", "--scheduler", "fair", "--out", newFolder(), "--json"];
    const session = check("sample", "--user", "RR 50", "--cpus", "1", ...plainly, "--cpus", "2,1", "--user", "OTHER");
    expect([session.exit, session.stderr]).toEqual([0, ""]);
    expect(documentOf(session).figures?.scenarios.map(({ user, cpus }) => [user, cpus])).toEqual([
      ["RR 50", 1],
      ["OTHER", 1],
      ["RR 50", 2],
      ["OTHER", 2],
    ]);
  });

  test.each([
    [["--user", "RR"], /--user RR: "RR" is not OTHER, or RR or FIFO and a priority from 1 to 99/],
    [["--rpciod", "RR 100"], /--rpciod RR 100: /],
    [["--cpus", "0"], /--cpus 0: "0" is not a number of CPUs from 1 to 4/],
    [["--cpus", "1,,2"], /--cpus 1,,2: "" is not a number of CPUs/],
    [["--scheduler", "lazy"], /--scheduler lazy: "lazy" is not fair, eager or any/],
    [["--preemptions", "21"], /--preemptions 21: "21" is not a number from 0 to 20/],
    [["--preemptions", "1,2"], /--preemptions 1,2: "1,2" is not a number/],
    [["--preemptions", "1", "--preemptions", "2"], /--preemptions 1,2: "1,2" is not a number/],
    [["--strategy", "random", "--strategy", "priorities"], /--strategy random,priorities: "random,priorities" is not/],
    [["--user", "OTHER", "--user", "RR"], /--user OTHER,RR: "RR" is not OTHER, or/],
    [["--hz", "250", "--hz", "3"], /--hz 250,3: "3" is not an integer from 12 to 12287/],
    [["--strategy", "luck"], /--strategy luck: "luck" is not depth-first, random or priorities/],
    [["--rtt", "1jiffy"], /--rtt: is an option of another system, not of sunrpc-reconnect/],
    [["--echo-interval", "60"], /--echo-interval: is an option of another system/],
  ])("%j is refused in one line", (args, message) => expectOneLine(check(HANGING, ...args), message));
});

test("fix has four candidates, whose patches plain git takes", { timeout: MAX_MS }, () => {
  const out = newFolder();
  const narrow = ["--scheduler", "fair,eager", "--user", "RR 50", "--cpus", "1"];
  const args = ["fix", "sunrpc-reconnect", "--kernel", HANGING, ...narrow, "--out", out, "--json"];
  const { exit, stdout } = groundhog(args, PATIENT);
  const { before, needed, candidates } = fixSchema.parse(JSON.parse(stdout));
  expect([exit, before, needed]).toEqual([0, "violated", true]);
  expect(candidates.map(({ name, verdict, applies }) => [name, verdict, applies])).toEqual([
    ["wake-when-done", "holds", true],
    ["retry-connect", "holds", true],
    ["retry-connect-and-wake-when-done", "holds", true],
    ["no-error-wakeup", "holds", true],
  ]);
  expect(candidates.flatMap(({ checks }) => checks.filter((one) => one.status === "failed"))).toEqual([]);
  const tree = newFolder();
  const git = (...words: string[]) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: tree, GIT_CONFIG_GLOBAL: "/dev/null" };
    const name = ["-c", "user.name=M", "-c", "user.email=m@example.org"];
    return spawnSync("git", [...name, ...words], { cwd: tree, env, encoding: "utf8" });
  };
  const history = join(import.meta.dirname, "../../kernel-models/sample/history");
  const steps = readdirSync(history).filter((name) => /^000[1-4]-/.test(name));
  git("init", "--quiet");
  expect(git("am", "--quiet", ...steps.sort().map((name) => join(history, name))).status).toBe(0);
  const patches = readdirSync(out).filter((name) => name.endsWith(".patch"));
  expect(patches).toHaveLength(4);
  for (const name of patches) expect(git("apply", "--check", join(out, name))).toMatchObject({ status: 0, stderr: "" });
});

test("run ends with one table that has both systems", { timeout: MAX_MS }, () => {
  const out = newFolder();
  const { exit, stdout } = groundhog(["run", "--kernel", HANGING, "--out", out], PATIENT);
  expect(exit).toBe(1);
  const table = /\n\n(system +verdict[^\n]*(?:\n[^\n]+)+)\n\nwritten: /.exec(stdout)?.[1]?.split("\n") ?? [];
  expect(table).toHaveLength(3);
  expect(table[1]).toMatch(/^cifs-echo +holds +worst share 0\.00%; /);
  expect(table[2]).toMatch(/^sunrpc-reconnect +violated +scenarios violated \d+ of 24; slowest recovery \d+\.\d s$/);
  expect(stdout.match(/^system +verdict/gm)).toHaveLength(1);
  expect(stdout).not.toMatch(/undefined|\[object|\{\{|NaN/);
});

test("model writes the slice, to a file and to standard output", () => {
  const cwd = newFolder();
  const printed = groundhog(["model", "sunrpc-reconnect", "--kernel", HANGING, "--out", "-"], { cwd });
  expect([printed.exit, filesBelow(cwd)]).toEqual([0, []]);
  expect(printed.stdout).toMatch(/call_connect_status/);
  const written = groundhog(["model", "sunrpc-reconnect", "--kernel", HANGING, "--out", "models"], { cwd });
  expect([written.exit, filesBelow(cwd)]).toEqual([0, ["models/sunrpc-reconnect.model.ts"]]);
  expect(readFileSync(join(cwd, "models/sunrpc-reconnect.model.ts"), "utf8")).toBe(printed.stdout);
});
