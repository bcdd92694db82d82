/** `groundhog run`: scans, checks, writes the reports, and prints one table. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SYSTEMS } from "../../kernel-models/registry.ts";
import type { Verdict } from "../check/verdict.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import type { CheckReport } from "../report/check.ts";
import { type ProbeStory, probeStory } from "../report/probe-text.ts";
import { type RunReport, runDocument, runMarkdown, runReport, runText } from "../report/run.ts";
import { scanDocument } from "../report/scan-json.ts";
import { FACT_KINDS } from "../timing/fact.ts";
import { fieldStores } from "../timing/field-stores.ts";
import { intervalFields, probeOf, type SystemEntry } from "../timing/probe.ts";
import { type Scan, scanKernel } from "../timing/scan.ts";
import { exitOf, reportWithWitnesses } from "./check.ts";
import { BRIEFLY, checkPrepared, prepare } from "./check-system.ts";
import type { Exit } from "./exit.ts";
import { writeFiles } from "./out.ts";
import {
  checkerForCommand,
  configurationOf,
  installationFolder,
  jobProgress,
  jsonLine,
  openForCommand,
  paintForTerminal,
  print,
} from "./surroundings.ts";
import { isCheckable, systemNamed } from "./systems.ts";
import { modelOf } from "./translation.ts";

export interface RunOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly out: string;
  readonly json?: boolean;
}

function systemsNamed(names: readonly string[]): readonly SystemEntry[] {
  return names.length === 0 ? SYSTEMS : names.map(systemNamed);
}

function storyOf(system: SystemEntry, scan: Scan): ProbeStory {
  const probe = probeOf(scan.facts, system.probe);
  const fields = probe === null ? [] : intervalFields(probe);
  // Mount options keep the same name in another struct, and often in another unit.
  const struct = probe?.handler.item.struct ?? null;
  const intervals = fields.map((field) => ({
    field,
    stores: fieldStores(scan.program, field).filter((store) => store.struct === struct),
  }));
  return probeStory(system, probe, intervals);
}

function filesOf(scan: Scan, report: RunReport): ReadonlyMap<string, string> {
  const template = readFileSync(join(installationFolder(), "templates", "run-report.md.hbs"), "utf8");
  return new Map([
    ["scan.json", `${JSON.stringify(scanDocument(scan), null, 1)}\n`],
    ["report.md", runMarkdown(report, template)],
  ]);
}

/** Checks the systems that the kernel has and that have a model, with a narrow table. */
async function checksOf(
  source: KernelSource,
  scan: Scan,
  stories: readonly ProbeStory[],
  options: RunOptions,
): Promise<{ readonly checks: ReadonlyMap<string, CheckReport>; readonly written: readonly string[] }> {
  const checks = new Map<string, CheckReport>();
  const written: string[] = [];
  for (const { system, lines } of stories) {
    if (lines === null || !isCheckable(system)) continue;
    const prepared = prepare(system, await modelOf(source, scan.program, system), BRIEFLY);
    const checked = await checkPrepared(prepared, jobProgress("checked"));
    const made = reportWithWitnesses(checked, source, options);
    checks.set(system.name, made.report);
    written.push(...made.written);
  }
  return { checks, written };
}

/** The worst of all verdicts decides; a kernel without any system has nothing that is violated. */
function exitOfAll(checks: ReadonlyMap<string, CheckReport>): Exit {
  const verdicts = new Set<Verdict>([...checks.values()].map(({ result }) => result.verdict));
  return exitOf(verdicts.has("violated") ? "violated" : verdicts.has("inconclusive") ? "inconclusive" : "holds");
}

/** Runs the command; the table goes to standard output. */
export async function runCommand(names: readonly string[], options: RunOptions): Promise<Exit> {
  const systems = systemsNamed(names);
  const configuration = configurationOf(options.config);
  if (options.out === "") throw new InputError("--out", "names no folder");
  if (options.out === "-") throw new InputError("--out -", "run writes several files; name a folder");
  // The second thread takes a while to start: it does so while the kernel is opened.
  const checker = checkerForCommand();
  try {
    const source = await openForCommand(options.kernel, []);
    try {
      const scan = await scanKernel(source, [], configuration, checker);
      const stories = systems.map((system) => storyOf(system, scan));
      const { checks, written: witnesses } = await checksOf(source, scan, stories, options);
      const report = runReport(scan, stories, FACT_KINDS, checks);
      const written = [...writeFiles(options.out, filesOf(scan, report)), ...witnesses];
      await print(
        options.json === true ? jsonLine(runDocument(report, written)) : runText(report, written, paintForTerminal()),
      );
      return exitOfAll(checks);
    } finally {
      await source.close();
    }
  } finally {
    await checker.close();
  }
}
