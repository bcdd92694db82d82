/** `groundhog bisect-run`: the verdict on a tree as `git bisect run` wants it. */

import type { Verdict } from "../check/verdict.ts";
import { InputError } from "../kernel/input-error.ts";
import { MissingEntryError } from "../translate/model.ts";
import { type NarrowingOptions, narrowingOf } from "./check-options.ts";
import { BRIEFLY, checkPrepared, prepare } from "./check-system.ts";
import { BISECT_EXIT, type BisectExit } from "./exit.ts";
import { configurationOf, openForCommand, print } from "./surroundings.ts";
import { systemNamed } from "./systems.ts";
import { modelOf, programOf } from "./translation.ts";

export interface BisectRunOptions extends NarrowingOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly find?: string;
}

/** Runs the command: one line on standard output. */
export async function bisectRunCommand(name: string, options: BisectRunOptions): Promise<BisectExit> {
  const system = systemNamed(name);
  const find = options.find ?? "bug";
  if (find !== "bug" && find !== "fix") throw new InputError(`--find ${find}`, "is neither bug nor fix");
  const isNarrowed =
    options.hz !== undefined || options.wheel !== undefined || Object.keys(options.own ?? {}).length > 0;
  const narrowing = isNarrowed ? narrowingOf(options, system) : BRIEFLY;
  const configuration = configurationOf(options.config);
  const source = await openForCommand(options.kernel ?? ".", []);
  try {
    const model = await modelOf(source, await programOf(source, configuration), system);
    const { result } = await checkPrepared(prepare(system, model, narrowing), () => undefined);
    const reason = result.reasons[0] === undefined ? "" : `: ${result.reasons[0]}`;
    await print(`${source.id}: ${system.name}: ${result.verdict}${reason}\n`);
    return codeOf(result.verdict, find);
  } catch (error) {
    // A revision from before the system is no reason to stop.
    const isLacking = error instanceof InputError && error.cause instanceof MissingEntryError;
    if (!isLacking) throw error;
    await print(`${error.message}: skipped\n`);
    return BISECT_EXIT.skip;
  } finally {
    await source.close();
  }
}

function codeOf(verdict: Verdict, find: "bug" | "fix"): BisectExit {
  if (verdict === "inconclusive") return BISECT_EXIT.skip;
  return (verdict === "holds") === (find === "bug") ? BISECT_EXIT.good : BISECT_EXIT.bad;
}
