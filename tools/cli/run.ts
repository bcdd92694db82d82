/** `groundhog run`: scans, writes the reports, and prints one table. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SYSTEMS } from "../../kernel-models/registry.ts";
import { InputError } from "../kernel/input-error.ts";
import { type ProbeStory, probeStory } from "../report/probe-text.ts";
import { type RunReport, runDocument, runMarkdown, runReport, runText } from "../report/run.ts";
import { scanDocument } from "../report/scan-json.ts";
import { FACT_KINDS } from "../timing/fact.ts";
import { fieldStores } from "../timing/field-stores.ts";
import { intervalFields, probeOf, type SystemEntry } from "../timing/probe.ts";
import { type Scan, scanKernel } from "../timing/scan.ts";
import { EXIT, type Exit } from "./exit.ts";
import { writeFiles } from "./out.ts";
import {
  checkerForCommand,
  configurationOf,
  installationFolder,
  jsonLine,
  openForCommand,
  paintForTerminal,
  print,
} from "./surroundings.ts";

export interface RunOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly out: string;
  readonly json?: boolean;
}

function systemsNamed(names: readonly string[]): readonly SystemEntry[] {
  if (names.length === 0) return SYSTEMS;
  return names.map((name) => {
    const system = SYSTEMS.find((one) => one.name === name);
    if (system === undefined) {
      throw new InputError(name, `no such system; there are ${SYSTEMS.map((one) => one.name).join(", ")}`);
    }
    return system;
  });
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
      const report = runReport(scan, stories, FACT_KINDS);
      const written = writeFiles(options.out, filesOf(scan, report));
      await print(
        options.json === true ? jsonLine(runDocument(report, written)) : runText(report, written, paintForTerminal()),
      );
    } finally {
      await source.close();
    }
  } finally {
    await checker.close();
  }
  return EXIT.done;
}
