/**
 * States per second in one thread: a small protocol explored here and by spin (Debian's, optional) side by side, and
 * the reconnect of the sample and of 6.1 with up to 4 preemptions. The target is 200,000 a second on the reconnect.
 * States of spin are smaller: its steps are statements over a few bytes, ours go from one preemption point to the next.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, bench, describe } from "vitest";
import type { ScheduleSearch } from "../../tools/check/schedule.ts";
import { depthFirst } from "../../tools/check/schedule-depth-first.ts";
import { connectPromela, connectSubject } from "./connect-protocol.ts";
import { kernelFolder } from "./kernels.ts";
import { RECONNECT, reconnectOf } from "./reconnect.ts";

const ROUNDS = 100;
const OPTIONS = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 };
const ONCE = { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 };

/** The fastest of each, by name. */
const figures = new Map<string, { readonly states: number; readonly seconds: number }>();

function timed(name: string, statesOf: () => number): void {
  const begin = process.hrtime.bigint();
  const states = statesOf();
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  if (seconds < (figures.get(name)?.seconds ?? Number.POSITIVE_INFINITY)) figures.set(name, { states, seconds });
}

function explored(search: ScheduleSearch): number {
  if (search.states === 0) throw new Error("nothing was explored");
  return search.states;
}

/** spin's verifier of the protocol; null where there is no spin or no C compiler. */
function verifier(folder: string): (() => number) | null {
  if (spawnSync("spin", ["-V"]).status !== 0 || spawnSync("cc", ["--version"]).status !== 0) return null;
  writeFileSync(join(folder, "connect.pml"), connectPromela(ROUNDS));
  execFileSync("spin", ["-a", "connect.pml"], { cwd: folder });
  execFileSync("cc", ["-O2", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"], { cwd: folder });
  return () => {
    const said = execFileSync("./pan", ["-m1000000"], { cwd: folder, encoding: "utf8" });
    if (!said.includes("errors: 0")) throw new Error(said);
    return Number(/(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored/.exec(said)?.[1]);
  };
}

const folder = mkdtempSync(join(tmpdir(), "groundhog-spin-"));
const spin = verifier(folder);
const kernels = [
  ["sample", await reconnectOf("sample")],
  ["6.1", await reconnectOf(await kernelFolder("6.1"))],
] as const;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (spin === null) console.log("spin is not there (apt-get install spin): nothing to compare with");
  for (const [name, { states, seconds }] of figures) {
    console.log(`${name}: ${states} states, ${Math.round(states / seconds)} a second`);
  }
});

describe("two threads, a lock, a wait queue and a connect worker", () => {
  const bounds = { preemptions: 3, states: 4_000_000, steps: 100_000 };
  const here = (): number => explored(depthFirst(() => connectSubject(ROUNDS), bounds));
  bench("depth first, up to 3 preemptions", () => timed("depth first", here), OPTIONS);
  if (spin !== null) bench("spin", () => timed("spin", spin), OPTIONS);
});

describe("the reconnect, one CPU, every schedule with up to 4 preemptions", () => {
  const bounds = { preemptions: 4, states: 100_000, steps: 20_000 };
  // Nobody learns of the way that swallows everything: with a blackhole route, 6.1's call ends with an error at once.
  const scenario = { ...RECONNECT, way: "drop" as const };
  for (const [name, { subjects }] of kernels) {
    bench(name, () => timed(`reconnect ${name}`, () => explored(depthFirst(subjects(scenario), bounds))), ONCE);
  }
});
