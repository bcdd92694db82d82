/** Kernels of two files in memory, and what a recipe makes of them. */
import { join } from "node:path";

import { RECIPES } from "../../patches/registry.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { readCFile } from "../../tools/c/file.ts";
import { Program } from "../../tools/c/program.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import { propose } from "../../tools/repair/propose.ts";
import type { Edit, Proposal, Recipe } from "../../tools/repair/recipe.ts";
import { patchedFiles } from "../../tools/repair/verify-edits.ts";
import { collectTimingFacts, isWatchedMacro, WATCHED_NAMES } from "../../tools/timing/collect.ts";
import { probeOf } from "../../tools/timing/probe.ts";

export const CONFIGURATION = everythingEnabled();
export const PROBE = "cifs_echo_request";
export const C = "fs/cifs/connect.c";
export const H = "fs/cifs/cifsglob.h";

/** Paths and texts; one character for each byte. */
export type Texts = Readonly<Record<string, string>>;

export interface Applied {
  readonly program: Program;
  readonly proposal: Proposal;
  /** Empty where the proposal has none. */
  readonly edits: readonly Edit[];
  /** All texts, with the edits. */
  readonly after: Texts;
}

export function recipe(name: string): Recipe {
  const found = RECIPES["cifs-echo"]?.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no recipe ${name}`);
  return found;
}

export const RECIPE_NAMES: readonly string[] = (RECIPES["cifs-echo"] ?? []).map((one) => one.name);

/** The files as a program; a fixture that does not parse shows nothing. */
export function programOfTexts(texts: Texts): Program {
  const files = Object.entries(texts).map(([path, text]) =>
    readCFile(path, Buffer.from(text, "latin1"), CONFIGURATION),
  );
  const program = new Program(files, [], CONFIGURATION, WATCHED_NAMES, isWatchedMacro);
  for (const fn of files.flatMap((one) => one.functions)) {
    if (fn.syntax() === null) throw new Error(`fixture: ${fn.name} does not parse`);
  }
  return program;
}

/** Applies a recipe to texts. */
export function applyTo(name: string, texts: Texts): Applied {
  const program = programOfTexts(texts);
  const probe = probeOf(collectTimingFacts(program).facts, PROBE);
  if (probe === null) throw new Error("fixture: no probe");
  const proposal = propose(recipe(name), program, probe);
  const edits = proposal.kind === "edits" ? proposal.edits : [];
  const changed = patchedFiles(program.files, edits);
  const after = Object.fromEntries(
    Object.entries(texts).map(([path, text]) => [path, changed.get(path)?.toString("latin1") ?? text]),
  );
  return { program, proposal, edits, after };
}

/** A text with one place replaced; the place must be there, and be the only one. */
export function changed(text: string, ...replacements: readonly (readonly [before: string, after: string])[]): string {
  let result = text;
  for (const [before, after] of replacements) {
    if (result.split(before).length !== 2) throw new Error(`fixture: not exactly once: ${before}`);
    result = result.replace(before, () => after);
  }
  return result;
}

/** Number of the line on which a text first stands. */
export function lineOf(text: string, part: string): number {
  const at = text.indexOf(part);
  if (at < 0) throw new Error(`fixture: no ${part}`);
  return text.slice(0, at).split("\n").length;
}

/** The lines of a text that another one lacks, and the other way round, each with its sign. */
export function lineChanges(before: string, after: string): readonly string[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head++;
  let tail = 0;
  while (tail < Math.min(old.length, fresh.length) - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  const middle = (lines: readonly string[]): readonly string[] => lines.slice(head, lines.length - tail);
  return [...difference(middle(old), middle(fresh))];
}

/** Lines out and in, by the longest common subsequence: the texts are short. */
function difference(old: readonly string[], fresh: readonly string[]): readonly string[] {
  const longest = old.map(() => fresh.map(() => 0));
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    const row = longest[i] as number[];
    for (let j = fresh.length - 1; j >= 0; j--) {
      row[j] = old[i] === fresh[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      i++;
      j++;
    } else if (i < old.length && (j >= fresh.length || at(i + 1, j) >= at(i, j + 1))) lines.push(`-${old[i++]}`);
    else lines.push(`+${fresh[j++]}`);
  }
  return lines;
}

/** A header with the server's struct. */
export const HEADER = `/* A header of groundhog's tests */
#define ECHO_INTERVAL (60 * HZ)
struct TCP_Server_Info {
	int status;
	struct delayed_work echo; /* the probe */
	unsigned long lstrp;
	unsigned long echo_interval;
	struct operations *ops;
};
`;

/** The routine that sends echoes. */
export const ECHO = `static void cifs_echo_request(struct work_struct *work)
{
	struct TCP_Server_Info *server = container_of(work, struct TCP_Server_Info, echo.work);
	int rc;

	if (server->status != 1)
		goto requeue;

	/* Traffic of late is a sign of life. */
	if (time_before(jiffies, server->lstrp + server->echo_interval - HZ))
		goto requeue;

	rc = server->ops->echo(server);
	if (rc)
		printk("no echo: %d\\n", rc);

requeue:
	queue_delayed_work(cifsiod_wq, &server->echo, server->echo_interval);
}
`;

/** The routine that waits for responses. */
export const WATCHDOG = `/* Two steps: after two intervals the server is given up. */
static bool server_unresponsive(struct TCP_Server_Info *server)
{
	if (time_after(jiffies, server->lstrp + 2 * server->echo_interval)) {
		printk("silent for %lu seconds\\n", (2 * server->echo_interval) / HZ);
		cifs_reconnect(server);
		return true;
	}
	return false;
}
`;

/** The rest: the work's start, and a function that nothing is to touch. */
export const REST = `int bystander(struct TCP_Server_Info *server)
{
	/* two intervals */
	return server->status + 2 * server->status;
}

void start(struct TCP_Server_Info *server)
{
	server->lstrp = jiffies;
	INIT_DELAYED_WORK(&server->echo, cifs_echo_request);
	queue_delayed_work(cifsiod_wq, &server->echo, server->echo_interval);
}
`;

/** The two files with other routines. */
export function kernel(parts: { readonly echo?: string; readonly watchdog?: string; readonly header?: string }): Texts {
  const { echo = ECHO, watchdog = WATCHDOG, header = HEADER } = parts;
  return { [H]: header, [C]: `#include "cifsglob.h"\n\n${watchdog}\n${echo}\n${REST}` };
}

/**
 * What a recipe does to texts: the lines it takes out and puts in, the header's first; or why it does nothing, with the
 * words of the line that it names.
 */
export function outcome(name: string, texts: Texts): readonly string[] {
  const { proposal, after } = applyTo(name, texts);
  if (proposal.kind === "already-there") return ["already there", proposal.why];
  if (proposal.kind === "not-recognised") {
    const line = texts[proposal.file]?.split("\n")[proposal.line - 1];
    return ["refused", line?.trim() ?? "no such line", proposal.reason];
  }
  return Object.keys(texts)
    .sort((a, b) => Number(/c$/.test(a)) - Number(/c$/.test(b)))
    .flatMap((path) => lineChanges(texts[path] ?? "", after[path] ?? ""));
}

/** The client's two files in a step of the sample kernel. */
export async function sampleTexts(step: number, cacheDirectory: string): Promise<Texts> {
  const source = await openKernel(`sample@${step}`, {
    wanted: ["fs/cifs", "fs/smb/client"],
    cacheDirectory,
    sampleDirectory: join(import.meta.dirname, "../../kernel-models/sample"),
    workingDirectory: cacheDirectory,
  });
  try {
    const folder = (await source.list("fs/cifs")).length > 0 ? "fs/cifs" : "fs/smb/client";
    const texts: Record<string, string> = {};
    for (const path of [`${folder}/cifsglob.h`, `${folder}/connect.c`]) {
      const text = await source.read(path);
      if (text === null) throw new Error(`the sample has no ${path}`);
      texts[path] = text.toString("latin1");
    }
    return texts;
  } finally {
    await source.close();
  }
}
