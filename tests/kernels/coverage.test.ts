/** How much of real kernels is read, and whether the figure can be trusted. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { type CFile, failuresOf, readCFile } from "../../tools/c/file.ts";
import { checkJob } from "../../tools/c/parse-check.ts";
import { descendants, type SyntaxNode } from "../../tools/c/syntax.ts";
import { type Scan, scanKernel } from "../../tools/timing/scan.ts";
import { debianKernel, type Supplied } from "./kernels.ts";
import { countFunctions } from "./second-count.ts";

const PATHS = ["fs/smb/client", "net/sunrpc"];
const EVERYTHING = everythingEnabled();

interface Subject {
  readonly scan: Scan;
  readonly texts: ReadonlyMap<string, Buffer>;
}

async function subjectOf(supplied: Supplied): Promise<Subject | null> {
  const { source } = supplied;
  if (source === null) return null;
  const scan = await scanKernel(source, PATHS, EVERYTHING);
  const texts = new Map<string, Buffer>();
  for (const { path } of scan.program.files) {
    const text = await source.read(path);
    if (text !== null) texts.set(path, text);
  }
  return { scan, texts };
}

/** Newline offsets as one text, to be compared. */
function newlines(text: Buffer): string {
  const found: number[] = [];
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) found.push(at);
  return found.join();
}

/** Identifiers whose words the tree has in another place than the file: none where masking did its work. */
function misplaced(file: CFile, root: SyntaxNode): readonly string[] {
  const { masked } = file;
  const wrong: string[] = [];
  for (const node of descendants(root)) {
    const outer = node.parent;
    if (outer !== null && (node.start < outer.start || node.end > outer.end))
      wrong.push(`${node.type} leaves ${outer.type}`);
    if (node.type !== "identifier") continue;
    const seen = masked.bytes.toString("latin1", node.start, node.end);
    const text = masked.source.slice(node.start, node.end);
    const edited = masked.edits.some((edit) => edit.start < node.end && edit.end > node.start);
    if (!edited && seen !== text && !(text === "offsetof" && seen === "offset_f"))
      wrong.push(`${seen} is ${text} at ${node.start}`);
    if (!edited && !/^[A-Za-z_$\x80-\xff][\w$\x80-\xff]*$/.test(text)) wrong.push(`"${text}" is no identifier`);
  }
  return wrong;
}

describe.each(["6.1", "6.12"])("linux-source-%s", (version) => {
  let supplied: Supplied = { source: null, why: "not opened" };
  let subject: Subject | null = null;

  beforeAll(async () => {
    supplied = await debianKernel(version);
    subject = await subjectOf(supplied);
  });
  afterAll(async () => {
    await supplied.source?.close();
  });

  /** The kernel; the test is skipped, with the reason, where there is none. */
  function kernel(context: { skip(condition: boolean, note: string): void }): Subject {
    context.skip(subject === null, supplied.why ?? "");
    if (subject === null) throw new Error("skipped");
    return subject;
  }

  test("more than 3,000 functions are found, and 99.9% of them parse", (context) => {
    const { coverage } = kernel(context).scan;
    expect(coverage.files).toBeGreaterThan(130);
    expect(coverage.functions).toBeGreaterThan(3_000);
    const share = (coverage.functions - coverage.functionsWithErrors) / coverage.functions;
    expect(share, JSON.stringify(coverage.unparsed, null, 1)).toBeGreaterThanOrEqual(0.999);
  });

  test("what does not parse is listed with file, function and line", (context) => {
    const { coverage } = kernel(context).scan;
    const named = coverage.unparsed.filter((one) => one.function !== null);
    expect(named.length).toBeGreaterThanOrEqual(coverage.functionsWithErrors);
    expect(coverage.unparsed.every((one) => one.line >= 1 && one.reason !== "")).toBe(true);
  });

  test("an independent count agrees within 1%, and no file is off by more than three", (context) => {
    const { scan, texts } = kernel(context);
    const counted = [...texts].map(([path, text]) => ({ path, count: countFunctions(text.toString("latin1")) }));
    const total = counted.reduce((sum, one) => sum + one.count, 0);
    const own = new Map(scan.program.files.map((file) => [file.path, file.functionsInText]));
    const off = counted.filter(({ path, count }) => Math.abs(count - (own.get(path) ?? 0)) > 3);
    expect(off.map(({ path, count }) => `${path}: ${own.get(path)} by the tool, ${count} by the second count`)).toEqual(
      [],
    );
    expect(Math.abs(total - scan.coverage.functions) / scan.coverage.functions).toBeLessThan(0.01);
  });

  test("masking keeps length and newlines of every file", (context) => {
    const { scan, texts } = kernel(context);
    for (const { path, masked } of scan.program.files) {
      const text = texts.get(path);
      expect(text?.length, path).toBe(masked.bytes.length);
      if (text !== undefined && newlines(text) !== newlines(masked.bytes)) expect.fail(`${path}: newlines moved`);
    }
  });

  test("every tree is inside its function, and its identifiers are the file's words", (context) => {
    const { scan } = kernel(context);
    let trees = 0;
    for (const file of scan.program.files) {
      for (const one of file.functions) {
        const root = one.syntax();
        if (root === null) continue;
        trees++;
        if (root.start < one.start || root.end > one.end) expect.fail(`${file.path}: ${one.name} leaves its function`);
        const wrong = misplaced(file, root);
        if (wrong.length > 0) expect.fail(`${file.path}: ${one.name}: ${wrong.slice(0, 5).join("; ")}`);
      }
    }
    expect(trees).toBeGreaterThan(2_500);
  }, 300_000);

  test("functions that parse have a tree, and the others none", (context) => {
    const { scan } = kernel(context);
    const lost = new Set(scan.coverage.unparsed.map((one) => `${one.file} ${one.function}`));
    const without = scan.program.files.flatMap((file) => file.functions.filter((one) => one.syntax() === null));
    expect(without.filter((one) => !lost.has(`${one.file.path} ${one.name}`)).map((one) => one.name)).toEqual([]);
  });

  test("a brace that is deleted inside one function is reported for exactly this function", (context) => {
    const { scan, texts } = kernel(context);
    const path = "fs/smb/client/connect.c";
    const text = texts.get(path);
    const before = scan.program.files.find((file) => file.path === path);
    const victim = before?.functions.find((one) => one.name === "cifs_reconnect_once") ?? before?.functions[20];
    if (text === undefined || before === undefined || victim === undefined) throw new Error(`no ${path}`);
    expect(lostOf(before)).toEqual([]);
    const source = text.toString("latin1");
    const candidates = before.functions.filter((one) =>
      source.slice(one.bodyStart + 1, one.end - 1).includes("\n\t}\n"),
    );
    expect(candidates.length).toBeGreaterThan(20);
    for (const one of candidates.slice(0, 40)) {
      const brace = source.indexOf("\n\t}\n", one.bodyStart) + 2;
      const broken = readCFile(
        path,
        Buffer.from(`${source.slice(0, brace)} ${source.slice(brace + 1)}`, "latin1"),
        EVERYTHING,
      );
      expect(broken.functionsInText, `count after breaking ${one.name}`).toBe(before.functionsInText);
      expect(lostOf(broken), `reported after breaking ${one.name}`).toEqual([one.name]);
    }
  });

  test("a function's last brace that is deleted does not take its neighbour away in silence", (context) => {
    const { scan, texts } = kernel(context);
    const path = "net/sunrpc/xprt.c";
    const text = texts.get(path);
    const before = scan.program.files.find((file) => file.path === path);
    if (text === undefined || before === undefined) throw new Error(`no ${path}`);
    const source = text.toString("latin1");
    for (const one of before.functions.slice(5, 25)) {
      const broken = readCFile(
        path,
        Buffer.from(`${source.slice(0, one.end - 1)} ${source.slice(one.end)}`, "latin1"),
        EVERYTHING,
      );
      const lost = lostOf(broken);
      expect(lost, `reported after breaking ${one.name}`).toContain(one.name);
      const readable = broken.functionsInText - lost.length;
      expect(broken.functionsInText, `count after breaking ${one.name}; ${readable} readable`).toBe(
        before.functionsInText,
      );
    }
  });
});

/** Names of functions that a file reports as lost. */
function lostOf(file: CFile): readonly string[] {
  const failures = file.pieces.map((piece) => checkJob(piece.job));
  const all = [...file.unparsed, ...failuresOf(file, failures)];
  return [...new Set(all.flatMap((one) => (one.function === null ? [] : [one.function])))];
}
