/**
 * How a kernel's timers behave, read from its own timer source: what a model cannot say of itself, since its slice ends
 * where the timers begin.
 */
import type { KernelSource } from "../kernel/source.ts";

export interface KernelTimers {
  /** `levels`: since 4.8; `slack`: 2.6.35 to 4.7; `exact`: before. The names of the simulator. */
  readonly timers: "exact" | "slack" | "levels";
  /** The file that says so, or `assumed: ...`. */
  readonly timersFrom: string;
  /** Whether msleep() waits a jiffy more than msecs_to_jiffies() says. */
  readonly msleepAddsJiffy: boolean;
}

/** kernel/time/timer.c since 4.1; msleep() moved to sleep_timeout.c by 6.13. */
const TIMER_SOURCES = ["kernel/time/timer.c", "kernel/timer.c"];
const SLEEP_SOURCES = ["kernel/time/sleep_timeout.c", ...TIMER_SOURCES];

async function firstOf(
  source: KernelSource,
  paths: readonly string[],
  wanted: RegExp,
): Promise<[string, string] | null> {
  for (const path of paths) {
    const text = (await source.read(path))?.toString("latin1");
    if (text !== undefined && wanted.test(text)) return [path, text];
  }
  return null;
}

/** calc_wheel_index() puts timers into levels; LVL_GRAN() says how wide the buckets of a level are. */
const LEVELS = /\bcalc_wheel_index\s*\(|\bLVL_GRAN\s*\(/;

/** Comments and strings may name anything. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, " ");
}

/** `4.19.0` -> [4, 19]; null without a version. */
function versionOf(source: KernelSource): readonly [number, number] | null {
  const match = /^(\d+)\.(\d+)/.exec(source.version ?? "");
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function isBefore(version: readonly [number, number], major: number, minor: number): boolean {
  return version[0] < major || (version[0] === major && version[1] < minor);
}

/** For trees without the timer source: by version, and `levels` where there is none. */
function assumed(source: KernelSource): KernelTimers["timers"] {
  const version = versionOf(source);
  if (version === null || !isBefore(version, 4, 8)) return "levels";
  // The SMB echo came with 2.6.38, after apply_slack() with 2.6.35.
  return "slack";
}

/** Reads how timers are rounded and how long msleep() sleeps. */
export async function kernelTimers(source: KernelSource): Promise<KernelTimers> {
  const timer = await firstOf(source, TIMER_SOURCES, /\bmod_timer\s*\(/);
  const sleep = await firstOf(source, SLEEP_SOURCES, /\bvoid\s+msleep\s*\(/);
  const msleepAddsJiffy = sleep === null || /\bmsecs_to_jiffies\s*\(\s*msecs\s*\)\s*\+\s*1\b/.test(codeOf(sleep[1]));
  if (timer === null) {
    return { timers: assumed(source), timersFrom: "assumed: the tree has no timer source", msleepAddsJiffy };
  }
  const code = codeOf(timer[1]);
  const timers = LEVELS.test(code) ? "levels" : /\bapply_slack\s*\(/.test(code) ? "slack" : "exact";
  return { timers, timersFrom: timer[0], msleepAddsJiffy };
}
