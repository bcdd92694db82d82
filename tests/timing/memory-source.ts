/** Kernels of a few lines, kept in memory: what the tests of tools/timing scan. */
import { everythingEnabled } from "../../tools/c/configuration.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import type { Fact, FactKind } from "../../tools/timing/fact.ts";
import { type Scan, scanKernel } from "../../tools/timing/scan.ts";

/** Facts of one kind. */
export type FactOf<K extends FactKind> = Extract<Fact, { readonly kind: K }>;

/** Where a text stands when a test does not say. */
export const FILE = "fs/cifs/sample.c";

/** A kernel source of paths and texts; characters of a text are bytes, as in Latin-1. */
export function memorySource(files: Readonly<Record<string, string>>): KernelSource {
  const paths = Object.keys(files).sort();
  return {
    id: "memory",
    version: "6.1.0",
    notes: [],
    list: async (prefix) => paths.filter((path) => prefix === "" || path === prefix || path.startsWith(`${prefix}/`)),
    read: async (path) => {
      const text = files[path];
      return text === undefined ? null : Buffer.from(text, "latin1");
    },
    close: async () => {},
  };
}

/** Scans texts; all functions must parse, because a test whose fixture is broken shows nothing. */
export async function scanTexts(files: Readonly<Record<string, string>>, paths: readonly string[] = []): Promise<Scan> {
  const scan = await scanKernel(memorySource(files), paths, everythingEnabled());
  const [broken] = scan.coverage.unparsed;
  if (broken !== undefined) throw new Error(`fixture: ${broken.file}:${broken.line}: ${broken.reason}`);
  return scan;
}

/** Scans one text as a file of the SMB client. */
export function scanText(text: string): Promise<Scan> {
  return scanTexts({ [FILE]: text });
}

/** The facts of one kind among all of a scan. */
export function factsOfKind<K extends FactKind>(scan: Scan, kind: K): FactOf<K>[] {
  return scan.facts.filter((fact): fact is FactOf<K> => fact.kind === kind);
}

/** The facts of one kind in a text. */
export async function factsIn<K extends FactKind>(kind: K, text: string): Promise<FactOf<K>[]> {
  return factsOfKind(await scanText(text), kind);
}

/** The one fact of a kind in a text; fails when there are none or several. */
export async function factIn<K extends FactKind>(kind: K, text: string): Promise<FactOf<K>> {
  const facts = await factsIn(kind, text);
  const [fact] = facts;
  if (fact === undefined || facts.length !== 1) {
    throw new Error(`${facts.length} ${kind} facts: ${facts.map((one) => one.expression).join(" | ")}`);
  }
  return fact;
}
