/** A kernel taken to a verdict as `check cifs-echo` does it, and what is compared of the result. */

import type { RunRecord, Scenario } from "../../kernel-models/cifs-echo/echo-run.ts";
import type { Figures } from "../../kernel-models/cifs-echo/figure-types.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import type { CheckResult, Verdict } from "../../tools/check/verdict.ts";
import { type Checked, checkPrepared, type Narrowing, prepare } from "../../tools/cli/check-system.ts";
import { type KernelModel, modelOf, programOf } from "../../tools/cli/translation.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";

/** The usual mount: HZ=250, 60 s, a server that answers within a jiffy. */
export const USUAL: Narrowing = {
  hz: [250],
  own: { echoIntervals: [60], roundTrips: ["1jiffy"] },
  wheel: null,
  seed: 1,
  size: "full",
};

/** A checked kernel. */
export type EchoChecked = Checked<Scenario, RunRecord, Figures>;

/** The kernel without its RPC client, of which nothing is in the model: scanning takes half the time. */
export function smbClientOnly(source: KernelSource): KernelSource {
  return {
    ...source,
    list: async (prefix) => (/^net\/sunrpc\b/.test(prefix) ? [] : source.list(prefix)),
    read: (path) => source.read(path),
    close: async () => {},
  };
}

/** The kernel's model. */
export async function translated(source: KernelSource): Promise<KernelModel> {
  return modelOf(source, await programOf(source, everythingEnabled()), cifsEcho);
}

/** The verdict on a model. */
export function checkedModel(model: KernelModel, narrowing: Partial<Narrowing> = {}): Promise<EchoChecked> {
  const all = { ...USUAL, ...narrowing, own: { ...USUAL.own, ...narrowing.own } };
  return checkPrepared(prepare(cifsEcho, model, all), () => {});
}

/** The verdict on a kernel. */
export async function checkedKernel(source: KernelSource, narrowing: Partial<Narrowing> = {}): Promise<EchoChecked> {
  return checkedModel(await translated(source), narrowing);
}

/** What a change of the code is looked for in; times are in seconds. */
export interface Outcome {
  readonly verdict: Verdict;
  /** A server that answers is never declared dead; a dead one is; echoes go on after one that could not be sent. */
  readonly kept: Verdict | null;
  readonly noticed: Verdict | null;
  readonly goesOn: Verdict | null;
  readonly windows: readonly (readonly [from: number, to: number])[];
  readonly period: number | null;
  readonly slowPeriod: number | null;
  readonly echoesPerHour: number | null;
  readonly longestSilence: number | null;
  /** How much longer than that the watchdog waits. */
  readonly margin: number | null;
  /** A dead server's last echo to its declaration. */
  readonly afterEcho: number | null;
  readonly worstAfterRequest: number | null;
  /** `file: what`, without lines, so that outcomes of a kernel and of the same one with a line more can be equal. */
  readonly unmodelled: readonly string[];
  readonly reasons: readonly string[];
}

function verdictOn(result: CheckResult, property: string): Verdict | null {
  return result.properties.find((one) => one.name === property)?.verdict ?? null;
}

/** The outcome of a check of one combination. */
export function outcomeOf({ result, translation }: EchoChecked): Outcome {
  const { figures } = result;
  const [idle] = figures.idle;
  const [detection] = figures.detection;
  return {
    verdict: result.verdict,
    kept: verdictOn(result, "healthy-server-kept"),
    noticed: verdictOn(result, "dead-server-noticed"),
    goesOn: verdictOn(result, "echo-goes-on"),
    windows: figures.windows.map((one) => [one.fromSeconds, one.toSeconds]),
    period: idle?.periodSeconds ?? null,
    slowPeriod: idle?.periodWhenSendingTakes2Seconds ?? null,
    echoesPerHour: idle?.echoesPerHour ?? null,
    longestSilence: idle?.longestSilenceSeconds ?? null,
    margin: idle?.marginSeconds ?? null,
    afterEcho: detection?.afterEchoSeconds ?? null,
    worstAfterRequest: detection?.worstAfterRequestSeconds ?? null,
    unmodelled: translation.unmodelled.map(({ file, what }) => `${file}: ${what.replace(/:\d+\)$/, ")")}`),
    reasons: result.reasons,
  };
}
