/** `groundhog fix SYSTEM`: candidate patches, each put through the same check; the ones that hold are written. */
import { join } from "node:path";
import { simpleGit } from "simple-git";
import type { RepairableSystem, System } from "../../kernel-models/system.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import { isCover } from "../repair/patch.ts";
import type { Author } from "../repair/scratch-git.ts";
import { type FixReport, fixDocument, fixText, type Proof } from "../report/fix.ts";
import { scanKernel } from "../timing/scan.ts";
import { isRepairable, recipeNamed } from "./candidates.ts";
import { type KernelOptions, reportWithWitnesses } from "./check.ts";
import { type NarrowingOptions, narrowingOf } from "./check-options.ts";
import { type Checked, checkPrepared, type Narrowing, prepare } from "./check-system.ts";
import { EXIT, type Exit } from "./exit.ts";
import { checkOut, removeFiles, writeFiles } from "./out.ts";
import type { RepairRequest, Subject } from "./repair-request.ts";
import { patchName, type Repair, repairSystem, seriesFolder } from "./repair-system.ts";
import {
  cacheFolder,
  configurationOf,
  jobProgress,
  jsonLine,
  openForCommand,
  paintForTerminal,
  print,
  quoted,
} from "./surroundings.ts";
import { requireFolders, type Systems, systemNamed } from "./systems.ts";
import { takeOf } from "./take.ts";
import { modelOf, NO_CHECKER } from "./translation.ts";

export interface FixOptions extends NarrowingOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly series?: string;
  readonly link?: readonly string[];
  readonly compile?: boolean;
  readonly out: string;
  readonly json?: boolean;
}

const MAX_LINKS = 20;
const MAX_LINK = 400;
/** Reports of a bug, which the patch closes; anything else is a link. */
const TRACKER = /\/show_bug\.cgi\?|\/(?:issues|bugs?)\/\d+/;

/**
 * The trailer for an address.
 *
 * @throws InputError when it is none that a mail can carry
 */
function trailerOf(link: string): string {
  if (link.length > MAX_LINK || !/^https?:\/\/[\w.-]+(?::\d+)?(?:\/[\w.~:/?#@!$&'()*+,;=%-]*)?$/.test(link)) {
    throw new InputError(`--link ${link.slice(0, 100)}`, "is no http or https address");
  }
  return `${TRACKER.test(link) ? "Closes" : "Link"}: ${link}`;
}

/** Who patches are from: git's own idea of the user, and when: SOURCE_DATE_EPOCH where builds must repeat, else now. */
export async function authorOf(): Promise<Author> {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const seconds = epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) : Math.floor(Date.now() / 1000);
  const { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email } = process.env;
  return {
    name: plain(name ?? "") || plain((await configured("user.name")) ?? "") || "groundhog",
    email:
      plain(email ?? "").replace(/\s/g, "") || plain((await configured("user.email")) ?? "") || "groundhog@localhost",
    seconds,
  };
}

async function configured(key: string): Promise<string | null> {
  try {
    return (await simpleGit().raw("config", "--get", key)).trim() || null;
  } catch {
    return null;
  }
}

/** Git refuses these in an identity. */
function plain(text: string): string {
  return text.replace(/[<>\n\r]/g, "").trim();
}

function seriesNames(text: string | undefined, system: System): readonly string[] | null {
  if (text === undefined) return null;
  const names = text.split(",").map((one) => one.trim());
  for (const name of names) recipeNamed(system, name, `--series ${text}`);
  if (new Set(names).size < names.length) throw new InputError(`--series ${text}`, "names a candidate twice");
  return names;
}

/** A kernel's system as it is, checked. */
export async function subjectOf(
  system: RepairableSystem,
  source: KernelSource,
  configuration: Subject["configuration"],
  narrowing: Narrowing,
): Promise<Subject> {
  await requireFolders(source, [system]);
  const { program, facts } = await scanKernel(source, [], configuration, NO_CHECKER);
  const prepared = prepare(system, await modelOf(source, program, system), narrowing);
  const before = await checkPrepared(prepared, jobProgress("as it is"));
  return { system, source, configuration, program, facts, before };
}

/** Writes the witnesses of a check that is violated, and says how they are run again. */
function proofOf(
  checked: Checked,
  source: KernelSource,
  options: KernelOptions & Pick<FixOptions, "out">,
): Proof | null {
  const [first] = reportWithWitnesses(checked, source, options).report.witnesses.values();
  return first === undefined ? null : { path: first.path, replay: first.replay };
}

/** The options that narrow the table, as they were given. */
export function narrowedTo({ hz, own = {}, wheel }: NarrowingOptions): readonly string[] {
  const given = Object.entries({ hz, ...own, wheel });
  return given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${quoted(value)}`]));
}

/** Writes patches and witnesses; what earlier runs wrote under the same names is replaced. */
export function reportOfRepair(
  subject: Subject,
  repair: Repair,
  narrowing: Narrowing,
  options: Pick<FixOptions, "kernel" | "config" | "out"> & NarrowingOptions,
): FixReport {
  const { out } = options;
  const { system, source, before } = subject;
  const { isNeeded, placed, mails, series } = repair;
  const proofs = new Map<string, Proof>();
  for (const [candidate, checked] of repair.checked) {
    const proof = proofOf(checked, source, { ...options, candidate });
    if (proof !== null) proofs.set(candidate, proof);
  }
  const patches = new Map<string, string>();
  const files = new Map<string, Buffer>();
  for (const [name, mail] of mails) {
    files.set(mail.name, mail.contents);
    patches.set(name, join(out, mail.name));
  }
  // A patch that an earlier run wrote and this one refutes must not lie about.
  removeFiles(
    out,
    placed.map(({ candidate }) => patchName(subject, candidate.name)).filter((one) => !files.has(one)),
  );
  const folder = series === null ? "" : seriesFolder(subject, series.candidate);
  for (const { name, contents } of series?.mails ?? []) files.set(join(folder, name), contents);
  writeFiles(out, files);
  return {
    system,
    kernel: { id: source.id, version: source.version },
    before: before.result,
    isNeeded,
    narrowedTo: narrowedTo(options),
    isBrief: narrowing.size === "brief",
    measures: system.repair.measures(before.result),
    placed,
    patches,
    takes: new Map(
      [...patches].flatMap(([name, path]) => {
        const take = takeOf(source, [path]);
        return take === null ? [] : [[name, take] as const];
      }),
    ),
    proofs,
    proof: proofOf(before, source, options),
    series: series === null ? null : writtenSeries(series, join(out, folder), source),
  };
}

/** A series whose mails were written to a folder. */
function writtenSeries(
  { candidate, mails }: NonNullable<Repair["series"]>,
  folder: string,
  source: KernelSource,
): FixReport["series"] {
  const patches = mails.map(({ name }) => join(folder, name));
  const taken = mails.filter(({ name }) => !isCover(name)).map(({ name }) => join(folder, name));
  return { candidate, patches, take: takeOf(source, taken) };
}

/** 0: nothing to repair, or a repair that holds was written; 1: none holds; 3: nothing could be said. */
function exitOf({ isNeeded, before, placed, series }: FixReport): Exit {
  const isRepaired =
    series === null ? placed.some(({ candidate }) => candidate.patch !== null) : series.patches.length > 0;
  if (isRepaired || !isNeeded) return EXIT.done;
  return before.verdict === "inconclusive" ? EXIT.inconclusive : EXIT.findings;
}

/** Runs the command; the table goes to standard output, patches to the folder of --out. */
export async function fixCommand(name: string, options: FixOptions, systems?: Systems): Promise<Exit> {
  const system = systemNamed(name, systems);
  if (!isRepairable(system)) throw new InputError(name, "has no candidates yet");
  const narrowing = narrowingOf(options, system);
  const links = options.link ?? [];
  if (links.length > MAX_LINKS) throw new InputError("--link", `more than ${MAX_LINKS} addresses`);
  const request: RepairRequest = {
    narrowing,
    series: seriesNames(options.series, system),
    trailers: links.map(trailerOf),
    compiles: options.compile === true,
    triesAll: true,
    cacheDirectory: cacheFolder(),
    author: await authorOf(),
  };
  const configuration = configurationOf(options.config);
  checkOut(options.out, "fix");
  const source = await openForCommand(options.kernel, []);
  try {
    const subject = await subjectOf(system, source, configuration, narrowing);
    const repair = await repairSystem(subject, request);
    const report = reportOfRepair(subject, repair, narrowing, options);
    await print(options.json === true ? jsonLine(fixDocument(report)) : fixText(report, paintForTerminal()));
    return exitOf(report);
  } finally {
    await source.close();
  }
}
