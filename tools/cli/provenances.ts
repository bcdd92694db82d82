/** Base, subject prefix and trailers of the patches of one run; what the history says is asked once. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { System } from "../../kernel-models/system.ts";
import { openRevision } from "../kernel/git.ts";
import { InputError } from "../kernel/input-error.ts";
import type { GitOrigin } from "../kernel/source.ts";
import { type Culprit, culpritOf, originOf, subjectPrefix } from "../repair/provenance.ts";
import type { MessageTemplates } from "../report/commit-message.ts";
import type { Probe } from "../timing/probe.ts";
import { BRIEFLY, checkPrepared, prepare } from "./check-system.ts";
import type { RepairRequest, Subject } from "./repair-request.ts";
import { installationFolder } from "./surroundings.ts";
import { modelOf, programOf } from "./translation.ts";

/** What is said of the repository in every message of a run. */
export interface Provenance {
  readonly origin: GitOrigin | null;
  readonly prefix: string;
  readonly trailers: readonly string[];
}

export class Provenances {
  private readonly prefixes = new Map<string, Promise<string>>();
  private readonly culprits = new Map<string, Promise<Culprit | null>>();

  constructor(
    private readonly subject: Subject,
    private readonly request: RepairRequest,
    private readonly probe: Probe | null,
    private readonly isNeeded: boolean,
  ) {}

  /** @param paths the files that the patch touches */
  async of(paths: readonly string[]): Promise<Provenance> {
    const { source, system } = this.subject;
    const path = this.probe?.watchdogs[0]?.file ?? paths[0] ?? "";
    const origin = await originOf(source, paths);
    const key = origin?.commit ?? "";
    const prefix = this.prefixes.get(key) ?? subjectPrefix(origin, path, system.repair.prefixes);
    this.prefixes.set(key, prefix);
    const culprit = this.culprits.get(key) ?? this.culprit(origin, path);
    this.culprits.set(key, culprit);
    const found = await culprit;
    const fixes = found === null ? [] : [fixesLine(found)];
    return { origin, prefix: await prefix, trailers: [...fixes, ...this.request.trailers] };
  }

  /** The commit that gave the watchdog its patience, where the check holds of the kernel before it. */
  private async culprit(origin: GitOrigin | null, path: string): Promise<Culprit | null> {
    const { system } = this.subject;
    const watchdog = this.probe?.watchdogs[0]?.function ?? null;
    if (origin === null || watchdog === null || system.probe === undefined || !this.isNeeded) return null;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const others = Object.keys(system.repair.prefixes).map((folder) => `${folder}/${name}`);
    const elsewhere = others.filter((one) => one !== path);
    const found = await culpritOf(origin, [path, ...elsewhere], system.probe, watchdog);
    return found !== null && (await this.holdsAt(origin, found.parent)) ? found : null;
  }

  /** A narrow check of another revision; false where it cannot be checked. */
  private async holdsAt(origin: GitOrigin, commit: string): Promise<boolean> {
    const { system, configuration } = this.subject;
    const { wheel } = this.request.narrowing;
    try {
      const spec = { repository: origin.repository, revision: commit };
      const source = await openRevision(commit, spec, Object.keys(system.repair.prefixes));
      try {
        const translation = await modelOf(source, await programOf(source, configuration), system);
        const prepared = prepare(system, translation, { ...BRIEFLY, hz: [250], wheel });
        return (await checkPrepared(prepared, () => {})).result.verdict === "holds";
      } finally {
        await source.close();
      }
    } catch (error) {
      // A revision without the system, or that a partial clone lacks: then nothing is known of it.
      if (error instanceof InputError) return false;
      throw error;
    }
  }
}

/** The tag's line, as Documentation/process/submitting-patches.rst wants it. */
function fixesLine({ commit, subject }: Culprit): string {
  return `Fixes: ${commit.slice(0, 12)} ("${subject}")`;
}

/** The texts of a system's messages. */
export function messageTemplates(system: System): MessageTemplates {
  const read = (...path: readonly string[]): string =>
    readFileSync(join(installationFolder(), "templates", ...path), "utf8");
  return {
    message: read("commit-message.txt.hbs"),
    cover: read("cover-letter.txt.hbs"),
    cause: read(system.name, "cause.txt.hbs"),
    effect: read(system.name, "effect.txt.hbs"),
  };
}
