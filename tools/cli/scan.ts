/** `groundhog scan`: timing facts of any C files of a kernel. */
import { InputError } from "../kernel/input-error.ts";
import { scanDocument } from "../report/scan-json.ts";
import { scanText } from "../report/scan-text.ts";
import { FACT_KINDS, type FactKind } from "../timing/fact.ts";
import { scanKernel } from "../timing/scan.ts";
import { EXIT, type Exit } from "./exit.ts";
import {
  checkerForCommand,
  configurationOf,
  jsonLine,
  openForCommand,
  paintForTerminal,
  print,
} from "./surroundings.ts";

export interface ScanOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly kind?: readonly string[];
  readonly json?: boolean;
}

function kindsOf(names: readonly string[] | undefined): ReadonlySet<FactKind> {
  if (names === undefined) return new Set(FACT_KINDS);
  const kinds = new Set<FactKind>();
  for (const name of names) {
    const kind = FACT_KINDS.find((one) => one === name);
    if (kind === undefined) throw new InputError(`--kind ${name}`, `no such kind; there are ${FACT_KINDS.join(", ")}`);
    kinds.add(kind);
  }
  return kinds;
}

/** Runs the command; the result goes to standard output. */
export async function scanCommand(paths: readonly string[], options: ScanOptions): Promise<Exit> {
  const kinds = kindsOf(options.kind);
  const configuration = configurationOf(options.config);
  // The second thread takes a while to start: it does so while the kernel is opened.
  const checker = checkerForCommand();
  try {
    const source = await openForCommand(options.kernel, paths);
    try {
      const scan = await scanKernel(source, paths, configuration, checker);
      const facts = scan.facts.filter((fact) => kinds.has(fact.kind));
      await print(
        options.json === true ? jsonLine(scanDocument({ ...scan, facts })) : scanText(scan, facts, paintForTerminal()),
      );
    } finally {
      await source.close();
    }
  } finally {
    await checker.close();
  }
  return EXIT.done;
}
