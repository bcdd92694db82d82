/** The reconnect of a kernel's own sunrpc, ready to be explored in this thread. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReconnectRunner, ROLE_OPTIONS } from "../../kernel-models/sunrpc-reconnect/reconnect-run.ts";
import type { Scenario } from "../../kernel-models/sunrpc-reconnect/scenarios.ts";
import { sunrpcReconnect } from "../../kernel-models/sunrpc-reconnect/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { compileModel } from "../../tools/check/load-model.ts";
import type { ScheduleSubject } from "../../tools/check/schedule.ts";
import { rolesOf } from "../../tools/check/state-roles.ts";
import { benchFor } from "../../tools/cli/check-bench.ts";
import { installationFolder } from "../../tools/cli/surroundings.ts";
import { modelOf, programOf } from "../../tools/cli/translation.ts";
import { openKernel } from "../../tools/kernel/open.ts";

/** One CPU, nobody of a higher priority, and every schedule. */
export const RECONNECT: Scenario = {
  hz: 250,
  longBits: 64,
  timers: "levels",
  user: "OTHER",
  rpciod: "OTHER",
  cpus: 1,
  scheduler: "any",
  pauseSeconds: 10,
  restartSeconds: 5,
  healSeconds: 15,
  serverEnd: "fin",
  boundSeconds: 900,
};

export interface ReconnectExplored {
  readonly subjects: (scenario: Scenario) => () => ScheduleSubject;
  readonly run: ReconnectRunner;
}

/** @param kernel as on the command line: a folder, `sample@4` */
export async function reconnectOf(kernel: string): Promise<ReconnectExplored> {
  const source = await openKernel(kernel, {
    wanted: ["net/sunrpc", "include/linux", "kernel/time"],
    cacheDirectory: join(tmpdir(), "groundhog-test-cache"),
    sampleDirectory: join(installationFolder(), "kernel-models", "sample"),
    workingDirectory: process.cwd(),
  });
  const model = await modelOf(source, await programOf(source, everythingEnabled()), sunrpcReconnect);
  const { text } = model;
  const facts = { timers: model.timers, longBits: 64 as const, msleepAddsJiffy: true, kernel: model.kernel };
  const request = { facts, hz: null, seed: 1, size: "full" as const };
  const bench = benchFor(sunrpcReconnect, { javascript: compileModel(text), text, facts, request } as never);
  const run = bench.run as unknown as ReconnectRunner;
  const role = rolesOf(text, ROLE_OPTIONS);
  return { run, subjects: (scenario) => () => run.subject(scenario, role) };
}
