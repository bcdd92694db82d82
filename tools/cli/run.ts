/** `groundhog run`: scans, checks, writes the reports, and prints one table. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SYSTEMS } from "../../kernel-models/registry.ts";
import type { System } from "../../kernel-models/system.ts";
import type { Configuration } from "../c/configuration.ts";
import type { Verdict } from "../check/verdict.ts";
import type { KernelSource } from "../kernel/source.ts";
import type { CheckReport } from "../report/check.ts";
import type { FixReport } from "../report/fix.ts";
import { probeStory, type SystemStory } from "../report/probe-text.ts";
import { type RunReport, runDocument, runMarkdown, runReport, runText } from "../report/run.ts";
import { scanDocument } from "../report/scan-json.ts";
import { FACT_KINDS } from "../timing/fact.ts";
import { fieldStores } from "../timing/field-stores.ts";
import { intervalFields, probeOf } from "../timing/probe.ts";
import { type Scan, scanKernel } from "../timing/scan.ts";
import { lackOf } from "../translate/model.ts";
import { isRepairable } from "./candidates.ts";
import { exitOf, reportWithWitnesses, validated } from "./check.ts";
import { BRIEFLY, checkPrepared, prepare } from "./check-system.ts";
import type { Exit } from "./exit.ts";
import { authorOf, reportOfRepair } from "./fix.ts";
import { checkOut, writeFiles } from "./out.ts";
import { repairSystem } from "./repair-system.ts";
import {
  cacheFolder,
  checkerForCommand,
  configurationOf,
  installationFolder,
  jobProgress,
  jsonLine,
  openForCommand,
  paintForTerminal,
  print,
} from "./surroundings.ts";
import { requireFolders, type Systems, systemNamed } from "./systems.ts";
import { sliceOf } from "./translation.ts";

export interface RunOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly out: string;
  readonly json?: boolean;
  readonly validate?: boolean;
}

function systemsNamed(names: readonly string[], systems: Systems): Systems {
  return names.length === 0 ? systems : names.map((name) => systemNamed(name, systems));
}

function storyOf(system: System, scan: Scan): SystemStory {
  if (system.probe === undefined) {
    const lack = lackOf(scan.program, system.model);
    return { system, lines: lack === null ? [] : null, lacks: lack?.what ?? "" };
  }
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

/** What came of the systems: the check, and the candidates for its repair. */
interface Outcomes {
  readonly checks: ReadonlyMap<string, CheckReport>;
  readonly fixes: ReadonlyMap<string, FixReport>;
  readonly written: readonly string[];
}

/** Checks and repairs the systems that the kernel has and that have a model, with a narrow table. */
async function outcomesOf(
  source: KernelSource,
  scan: Scan,
  systems: readonly System[],
  stories: readonly SystemStory[],
  configuration: Configuration,
  options: RunOptions,
): Promise<Outcomes> {
  const checks = new Map<string, CheckReport>();
  const fixes = new Map<string, FixReport>();
  const written: string[] = [];
  for (const [i, system] of systems.entries()) {
    if (stories[i]?.lines == null) continue;
    const { model, slice } = await sliceOf(source, scan.program, system);
    const checked = await checkPrepared(prepare(system, model, BRIEFLY), jobProgress("checked"));
    const made = reportWithWitnesses(checked, source, options);
    checks.set(system.name, await validated(made.report, { prepared: checked, slice, source }, options, BRIEFLY));
    written.push(...made.written, ...writeFiles(options.out, new Map([[`${system.name}.model.ts`, model.text]])));
    if (!isRepairable(system)) continue;
    const subject = { system, source, configuration, program: scan.program, facts: scan.facts, before: checked };
    const repair = await repairSystem(subject, {
      narrowing: BRIEFLY,
      series: null,
      trailers: [],
      compiles: false,
      triesAll: false,
      cacheDirectory: cacheFolder(),
      author: await authorOf(),
    });
    const fix = reportOfRepair(subject, repair, BRIEFLY, options);
    fixes.set(system.name, fix);
    written.push(...fix.patches.values(), ...[...fix.proofs.values()].map((one) => one.path));
  }
  return { checks, fixes, written };
}

/** The worst of all verdicts decides; a kernel without any system has nothing that is violated. */
function exitOfAll(checks: ReadonlyMap<string, CheckReport>): Exit {
  const verdicts = new Set<Verdict>([...checks.values()].map(({ result }) => result.verdict));
  return exitOf(verdicts.has("violated") ? "violated" : verdicts.has("inconclusive") ? "inconclusive" : "holds");
}

/** Runs the command; the table goes to standard output. */
export async function runCommand(
  names: readonly string[],
  options: RunOptions,
  known: Systems = SYSTEMS,
): Promise<Exit> {
  const systems = systemsNamed(names, known);
  const configuration = configurationOf(options.config);
  checkOut(options.out, "run");
  // The second thread takes a while to start: it does so while the kernel is opened.
  const checker = checkerForCommand();
  try {
    const source = await openForCommand(options.kernel, []);
    try {
      await requireFolders(source, known);
      const scan = await scanKernel(source, [], configuration, checker);
      const stories = systems.map((system) => storyOf(system, scan));
      const outcomes = await outcomesOf(source, scan, systems, stories, configuration, options);
      const report = runReport(scan, stories, FACT_KINDS, outcomes.checks, outcomes.fixes);
      const written = [...writeFiles(options.out, filesOf(scan, report)), ...outcomes.written];
      await print(
        options.json === true ? jsonLine(runDocument(report, written)) : runText(report, written, paintForTerminal()),
      );
      return exitOfAll(outcomes.checks);
    } finally {
      await source.close();
    }
  } finally {
    await checker.close();
  }
}
