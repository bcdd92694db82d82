/**
 * The command line: which command, with which options. Everything else is in the command's own file, loaded when it
 * is asked for.
 */
import { Command, CommanderError, Option } from "commander";
import { SYSTEMS } from "../../kernel-models/registry.ts";
import { InputError } from "../kernel/input-error.ts";
import type { BisectOptions } from "./bisect.ts";
import type { BisectRunOptions } from "./bisect-run.ts";
import type { CheckOptions } from "./check.ts";
import type { NarrowingOptions } from "./check-options.ts";
import type { DraftOptions } from "./draft.ts";
import { BISECT_EXIT, type BisectExit, EXIT, type Exit } from "./exit.ts";
import type { FixOptions } from "./fix.ts";
import type { HistoryOptions } from "./history.ts";
import type { ModelOptions } from "./model.ts";
import type { RunOptions } from "./run.ts";
import type { ScanOptions } from "./scan.ts";

declare const GROUNDHOG_VERSION: string;

const KERNEL_HELP =
  "a kernel directory, REPO@REV, a source archive or linux-source .deb, debian:X.Y, sample, or sample@STEP " +
  "(default: the current directory if it is a kernel tree, else the newest Debian kernel, else sample)";

const SYSTEM_HELP = `the system: ${SYSTEMS.map(({ name }) => name).join(" or ")}`;

function program(done: (exit: Exit | BisectExit) => void): Command {
  const groundhog = new Command("groundhog")
    .description("Finds and proves timing bugs in the Linux kernel's network file systems.")
    .version(GROUNDHOG_VERSION)
    .option("--debug", "print stack traces of errors")
    .configureOutput({
      // One line, as for every other bad input: what is wrong, and where to look.
      outputError: (text, write) =>
        write(
          `groundhog: ${text
            .replace(/^error: /, "")
            .trim()
            .replace(/\n/g, " ")} (see --help)\n`,
        ),
    })
    .exitOverride();

  groundhog
    .command("run")
    .description("the main job: scan the kernel's SMB client and sunrpc, report, and spell out each system")
    .argument("[SYSTEM...]", "systems to spell out (default: all that there are)")
    .option("--kernel <K>", KERNEL_HELP)
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)")
    .option("--validate", "compile each system's C, too, and compare what both do in random histories")
    .option("--out <DIR>", "where reports go", "groundhog-out")
    .option("--json", "print one JSON document instead of the table")
    .addHelpText(
      "after",
      examples(["groundhog run --kernel debian:6.1", "groundhog run cifs-echo --kernel ~/linux@v6.6"]),
    )
    .action(async (systems: string[], options: RunOptions) => {
      const { runCommand } = await import("./run.ts");
      done(await runCommand(systems, options));
    });

  groundhog
    .command("scan")
    .description("timing facts of C files")
    .argument("[PATH...]", "folders or files of the kernel tree (default: the SMB client and net/sunrpc)")
    .option("--kernel <K>", KERNEL_HELP)
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)")
    .addOption(new Option("--kind <KIND>", "only facts of this kind; again or with commas for more").argParser(collect))
    .option("--json", "print one JSON document (see: groundhog schema scan)")
    .addHelpText(
      "after",
      examples([
        "groundhog scan --kernel debian:6.1",
        "groundhog scan --kernel ~/linux@v6.6 --kind deadline fs/smb/client/connect.c",
      ]),
    )
    .action(async (paths: string[], options: ScanOptions) => {
      const { scanCommand } = await import("./scan.ts");
      done(await scanCommand(paths, options));
    });

  addModelCommands(groundhog, done);
  addFixCommand(groundhog, done);
  addHistoryCommands(groundhog, done);
  addDraftCommand(groundhog, done);

  groundhog
    .command("schema")
    .description("the JSON Schema of a command's --json document")
    .argument("<COMMAND>", "scan, run, check, fix, history, bisect or draft")
    .addHelpText("after", examples(["groundhog schema check", "groundhog schema run > run.schema.json"]))
    .action(async (command: string) => {
      const { schemaCommand } = await import("./schema.ts");
      done(await schemaCommand(command));
    });
  return groundhog;
}

/** Commands on the model of one system. */
function addModelCommands(groundhog: Command, done: (exit: Exit) => void): void {
  groundhog
    .command("model")
    .description("write the TypeScript model of a system")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .option("--kernel <K>", KERNEL_HELP)
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)")
    .option("--out <DIR>", "where the model goes; - for standard output", "groundhog-out")
    .addHelpText(
      "after",
      examples(["groundhog model cifs-echo --kernel debian:6.1", "groundhog model cifs-echo --kernel sample --out -"]),
    )
    .action(async (system: string, options: ModelOptions) => {
      const { modelCommand } = await import("./model.ts");
      done(await modelCommand(system, options));
    });

  const check = groundhog
    .command("check")
    .description("verdict, figures and witness of a system; exit code 0 holds, 1 violated, 3 inconclusive")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .option("--kernel <K>", KERNEL_HELP)
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)");
  addNarrowingOptions(check)
    .option("--replay <FILE>", "run a witness again instead")
    .option("--validate", "compile the slice's C, too, and compare what both do in random histories")
    .option("--histories <N>", "how many with --validate (default: 10000)")
    .option("--candidate <NAME>", "with the edit of this candidate patch (see: fix), which is not written")
    .option("--out <DIR>", "where witnesses go", "groundhog-out")
    .option("--json", "print one JSON document (see: groundhog schema check)")
    .addHelpText(
      "after",
      examples([
        "groundhog check cifs-echo --kernel debian:6.1",
        "groundhog check cifs-echo --kernel sample@5 --hz 250 --echo-interval 60 --json",
        "groundhog check cifs-echo --kernel debian:6.12 --validate --histories 100000",
        'groundhog check sunrpc-reconnect --kernel sample@4 --user "RR 50" --cpus 1',
      ]),
    )
    .action(async (system: string, options: CheckOptions) => {
      const { checkCommand } = await import("./check.ts");
      done(await checkCommand(system, withOwnOptions(options)));
    });
}

/** Options that narrow what is explored: those of all systems, since commander does not know which one is meant. */
function addNarrowingOptions(command: Command): Command {
  command.addOption(listOption("--hz <N,...>", "only these values of HZ (default: 100,250,300,1000)"));
  for (const option of ownOptions()) command.addOption(option);
  return command
    .option("--wheel <KIND>", "timers: exact, levels or slack (default: what the kernel's own source has)")
    .option("--seed <N>", "of the random workloads", "1");
}

/** The systems' own options; one that several systems have is listed with the help of the first. */
function ownOptions(): readonly Option[] {
  const declared = SYSTEMS.flatMap((system) => system.options);
  const names = declared.map((one) => one.name);
  return declared
    .filter(({ name }, i) => names.indexOf(name) === i)
    .map(({ name, values, help }) => listOption(`--${name} ${values}`, help));
}

/** An option whose values add up: given twice it is as if they stood behind one, with a comma. */
function listOption(flags: string, help: string): Option {
  return new Option(flags, help).argParser((value: string, earlier: string | undefined) =>
    earlier === undefined ? value : `${earlier},${value}`,
  );
}

/** What commander parsed, with the systems' own options by their names. */
function withOwnOptions<T extends object>(options: T): T & Required<Pick<NarrowingOptions, "own">> {
  const given = new Map(Object.entries(options));
  const own = ownOptions().flatMap((option) => {
    const value = given.get(option.attributeName());
    return typeof value === "string" ? [[option.name(), value] as const] : [];
  });
  return { ...options, own: Object.fromEntries(own) };
}

/** Candidate patches. */
function addFixCommand(groundhog: Command, done: (exit: Exit) => void): void {
  const fix = groundhog
    .command("fix")
    .description("candidate patches, each put through the same check; those that hold are written")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .option("--kernel <K>", KERNEL_HELP)
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)")
    .addOption(
      listOption(
        "--series <NAME,...>",
        "make a series of these candidates, with a cover letter, instead of a comparison",
      ),
    )
    .addOption(new Option("--link <URL>", "for a Link: or Closes: line; again for more").argParser(append))
    .option("--compile", "build the touched objects against Debian's header packages, too");
  addNarrowingOptions(fix)
    .option("--out <DIR>", "where patches go", "groundhog-out")
    .option("--json", "print one JSON document (see: groundhog schema fix)")
    .addHelpText(
      "after",
      `${examples([
        "groundhog fix cifs-echo --kernel sample@5",
        "groundhog fix cifs-echo --kernel ~/linux@v4.14 --link https://bugzilla.kernel.org/show_bug.cgi?id=202611",
        'groundhog fix sunrpc-reconnect --kernel ~/linux@v2.6.32 --user "RR 50,OTHER"',
      ])}
Exit code 0: nothing needs repair, or a patch that holds was written; 1: none holds; 3: inconclusive.
The kernel tree is never written to.
`,
    )
    .action(async (system: string, options: FixOptions) => {
      const { fixCommand } = await import("./fix.ts");
      done(await fixCommand(system, withOwnOptions(options)));
    });
}

/** Commands on the history of a repository. */
function addHistoryCommands(groundhog: Command, done: (exit: Exit | BisectExit) => void): void {
  groundhog
    .command("history")
    .description("how the timing of a system changed over a range of commits")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .argument("<REPO>", "a git repository of the kernel, bare or not; nothing in it is changed")
    .argument("[RANGE]", "A..B, or B for all that led to it", "HEAD")
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)")
    .option("--all", "also commits that changed the model and nothing of the timing")
    .option("--mail", "a table of at most 75 columns, for mails")
    .option("--no-cache", "take nothing from the cache, and put nothing there")
    .option("--json", "print one JSON document (see: groundhog schema history)")
    .addHelpText(
      "after",
      examples([
        "groundhog history cifs-echo ~/linux v2.6.36..v6.6",
        "groundhog history sunrpc-reconnect ~/linux v3.6..v3.10 --mail",
      ]),
    )
    .action(async (system: string, repository: string, range: string, options: HistoryOptions) => {
      const { historyCommand } = await import("./history.ts");
      done(await historyCommand(system, repository, range, options));
    });
  addBisectCommands(groundhog, done);
}

function addBisectCommands(groundhog: Command, done: (exit: Exit | BisectExit) => void): void {
  const bisect = groundhog
    .command("bisect")
    .description("the first commit at which the verdict of a system changes, without a checkout")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .argument("<REPO>", "a git repository of the kernel, bare or not; nothing in it is changed")
    .argument("<GOOD>", "a revision at which the system holds")
    .argument("<BAD>", "a revision at which it is violated")
    .option("--find <WHAT>", "bug: GOOD is the older end; fix: BAD is", "bug")
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)");
  addNarrowingOptions(bisect)
    .option("--no-cache", "take nothing from the cache, and put nothing there")
    .option("--json", "print one JSON document (see: groundhog schema bisect)")
    .addHelpText(
      "after",
      `${examples([
        "groundhog bisect cifs-echo ~/linux v2.6.38 v3.4",
        "groundhog bisect cifs-echo ~/linux v5.4 v4.19 --find fix",
      ])}
Exit code 0: the commit is found; 2: the ends do not differ; 3: commits that cannot be judged are in the way.
`,
    )
    .action(async (system: string, repository: string, good: string, bad: string, options: BisectOptions) => {
      const { bisectCommand } = await import("./bisect.ts");
      done(await bisectCommand(system, repository, good, bad, withOwnOptions(options)));
    });

  const run = groundhog
    .command("bisect-run")
    .description("the verdict on a tree as an exit code for `git bisect run`")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .option("--kernel <K>", "the tree (default: the current directory)")
    .option("--find <WHAT>", "bug: a tree that holds is good; fix: it is bad", "bug")
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)");
  addNarrowingOptions(run)
    .addHelpText(
      "after",
      `${examples([
        "git bisect start v3.4 v2.6.38 -- fs/cifs && git bisect run groundhog bisect-run cifs-echo",
        "git bisect run groundhog bisect-run cifs-echo --find fix",
      ])}
Exit code 0: good; 1: bad; 125: cannot be judged, or the tree does not have the system; 128: bad input, and git stops.
`,
    )
    .action(async (system: string, options: BisectRunOptions) => {
      const { bisectRunCommand } = await import("./bisect-run.ts");
      done(await bisectRunCommand(system, withOwnOptions(options)));
    });
}

/** Text to send. */
function addDraftCommand(groundhog: Command, done: (exit: Exit) => void): void {
  const draft = groundhog
    .command("draft")
    .description("a bug report, cover letter, or reply to a kernel log, as text; nothing is ever sent")
    .argument("<KIND>", "bugzilla, cover or reply")
    .argument("<SYSTEM>", SYSTEM_HELP)
    .option("--kernel <K>", KERNEL_HELP)
    .option("--config <FILE>", "a kernel .config that decides preprocessor conditions (default: everything enabled)")
    .option("--history <REPO>", "a git repository of the kernel, for the affected versions")
    .option("--range <RANGE>", "with --history: A..B, or B for all that led to it (default: HEAD)")
    .option("--log <FILE>", "for reply: the reporter's kernel log; - for standard input");
  addNarrowingOptions(draft)
    .option("--out <DIR>", "where text and patch go as files; - for standard output, without the patch", "-")
    .option("--json", "print one JSON document (see: groundhog schema draft)")
    .addHelpText(
      "after",
      `${examples([
        "groundhog draft bugzilla cifs-echo --kernel ~/linux@v4.14 --history ~/linux --range v2.6.36..v6.6",
        "groundhog draft cover sunrpc-reconnect --kernel sample@4 --out drafts",
        "groundhog draft reply cifs-echo --kernel debian:6.1 --log dmesg.txt",
      ])}
Exit code 0: drafted, or there is nothing to report; 1: there is no patch to cover; 3: inconclusive.
`,
    )
    .action(async (kind: string, system: string, options: DraftOptions) => {
      const { draftCommand } = await import("./draft.ts");
      done(await draftCommand(kind, system, withOwnOptions(options)));
    });
}

function append(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), ...value.split(",")];
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}

/** One clear line for what went wrong; the stack only for those who ask. */
function report(error: unknown, debug: boolean): Exit {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const expected = error instanceof InputError;
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split("\n", 1)[0] ?? "";
  process.stderr.write(
    `groundhog: ${expected ? "" : "internal error: "}${line}${expected || debug ? "" : " (--debug tells more)"}\n`,
  );
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return EXIT.usage;
}

async function main(argv: readonly string[]): Promise<Exit | BisectExit> {
  // print() tells what went wrong; without a listener the stream would throw it a second time.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  let exit: Exit | BisectExit = EXIT.done;
  try {
    await program((value) => {
      exit = value;
    }).parseAsync(argv);
  } catch (error) {
    const code = report(error, argv.includes("--debug"));
    // To git bisect, 2 is a bad revision: whatever goes wrong must stop it.
    return code === EXIT.usage && argv.includes("bisect-run") ? BISECT_EXIT.stop : code;
  }
  return exit;
}

process.exitCode = await main(process.argv);
