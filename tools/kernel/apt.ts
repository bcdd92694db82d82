/**
 * Debian's linux-source packages through apt, without changing the system's apt state: everything that apt writes goes
 * to a folder of ours. Works without root.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "./input-error.ts";
import { sortByBytes } from "./paths.ts";
import { findProgram, type ProgramResult, runProgram } from "./programs.ts";

/** Lists are some 10 MB. */
const UPDATE_SECONDS = 180;
/** A package is some 150 MB; this is a line of 40 kB/s. */
const DOWNLOAD_SECONDS = 3_600;
const SEARCH_SECONDS = 60;

/** A network that swallows packets must not hold a run for minutes; apt's own default is 30 s, three times. */
const NETWORK_OPTIONS = ["Acquire::Retries=1", "Acquire::http::Timeout=20", "Acquire::https::Timeout=20"];

/** What apt is run with: a folder of ours, which the caller removes, and what ends apt. */
export interface AptRoom {
  /** Temporary folder in groundhog's cache. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Where apt looks for what there is: the system's lists, or lists got for this run. */
export type Lists = "system" | "private";

/**
 * Downloads linux-source-X.Y into the room; first by the system's package lists, then, when these do not have it, by
 * lists of our own.
 *
 * @param subject what errors name
 * @param version `X.Y`, already validated
 * @returns path of the .deb, verified by apt against the signed lists
 * @throws InputError with apt's reason when there is no apt, no network, or no such package
 */
export async function downloadLinuxSource(subject: string, version: string, room: AptRoom): Promise<string> {
  room.progress(`downloading linux-source-${version} with apt-get (about 150 MB, once)`);
  let result = await tryDownload(subject, version, room, "system");
  let refreshed: ProgramResult | null = null;
  if (result.status !== 0 && isListsFault(result.stderr)) {
    room.progress("the system's package lists do not have it: getting fresh ones into the cache");
    refreshed = await updatePrivateLists(subject, room);
    result = await tryDownload(subject, version, room, "private");
  }
  const file = readdirSync(room.directory).find(
    (name) => name.startsWith(`linux-source-${version}_`) && /\.deb$/.test(name),
  );
  if (result.status === 0 && file !== undefined) {
    return join(room.directory, file);
  }
  // Without fresh lists "no such package" says nothing about Debian.
  if (refreshed !== null && isNetworkFault(refreshed.stderr)) {
    const reason = shortReason(refreshed);
    throw new InputError(subject, `the package lists do not have it, and fresh ones cannot be got (${reason})`);
  }
  const offered = await searchVersions(subject, room, refreshed === null ? "system" : "private");
  const others = offered.length === 0 ? "" : `; there are ${offered.map((one) => `debian:${one}`).join(", ")}`;
  throw new InputError(subject, `apt-get cannot download linux-source-${version} (${shortReason(result)})${others}`);
}

/**
 * Versions `X.Y` for which apt offers linux-source-X.Y, oldest first.
 *
 * @throws InputError when there is no apt, or neither the system's lists nor fresh ones have any
 */
export async function offeredVersions(subject: string, room: AptRoom): Promise<readonly string[]> {
  const known = await searchVersions(subject, room, "system");
  if (known.length > 0) {
    return known;
  }
  room.progress("the system's package lists have no linux-source package: getting fresh ones into the cache");
  const updated = await updatePrivateLists(subject, room);
  const fresh = await searchVersions(subject, room, "private");
  if (fresh.length === 0) {
    throw new InputError(subject, `apt-get offers no linux-source package (${shortReason(updated)})`);
  }
  return fresh;
}

/** Orders `6.9` before `6.12`. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

async function searchVersions(subject: string, room: AptRoom, lists: Lists): Promise<readonly string[]> {
  const pattern = "^linux-source-[0-9]+\\.[0-9]+$";
  const args = [...aptOptions(room, lists), "search", "--names-only", pattern];
  const result = await runApt(subject, "apt-cache", args, room, SEARCH_SECONDS);
  const versions = [...result.stdout.matchAll(/^linux-source-(\d+\.\d+) /gm)].map((match) => match[1] ?? "");
  return sortByBytes([...new Set(versions)]).sort(compareVersions);
}

function tryDownload(subject: string, version: string, room: AptRoom, lists: Lists): Promise<ProgramResult> {
  const args = [...aptOptions(room, lists), "download", "--quiet", `linux-source-${version}`];
  return runApt(subject, "apt-get", args, room, DOWNLOAD_SECONDS);
}

export function updatePrivateLists(subject: string, room: AptRoom): Promise<ProgramResult> {
  // A source that fails (a third-party one, say) does not matter as long as the package is found afterwards.
  return runApt(subject, "apt-get", [...aptOptions(room, "private"), "update", "--quiet"], room, UPDATE_SECONDS);
}

export function runApt(
  subject: string,
  name: "apt-get" | "apt-cache",
  args: readonly string[],
  room: AptRoom,
  timeoutSeconds: number,
): Promise<ProgramResult> {
  const program = findProgram(name);
  if (program === null) {
    throw new InputError(subject, `${name} is not on this machine, and nothing is in the cache`);
  }
  return runProgram(program, args, { directory: room.directory, signal: room.signal, timeoutSeconds });
}

/** Options that keep apt's writing, and the system's hooks, away from the system. */
export function aptOptions(room: AptRoom, lists: Lists): readonly string[] {
  const state = join(room.directory, "apt");
  mkdirSync(join(state, "cache", "archives", "partial"), { recursive: true });
  mkdirSync(join(state, "lists", "partial"), { recursive: true });
  const configuration = join(state, "apt.conf");
  // Hooks on update exist to change the system (appstream, docker-clean); they can only be taken out in a file.
  writeFileSync(
    configuration,
    ["Pre-Invoke", "Post-Invoke", "Post-Invoke-Success"].map((hook) => `#clear APT::Update::${hook};\n`).join(""),
  );
  const settings = [...NETWORK_OPTIONS, `Dir::Cache=${join(state, "cache")}`, "Acquire::Languages=none"];
  if (lists === "private") {
    settings.push(`Dir::State::Lists=${join(state, "lists")}`);
  }
  if (process.getuid?.() === 0) {
    // apt run by root downloads as the user _apt, who may not enter a cache below /root.
    settings.push("APT::Sandbox::User=root");
  }
  return [`--config-file=${configuration}`, ...settings.flatMap((setting) => ["--option", setting])];
}

/** True when fresh lists may help: the package is unknown, or its file has been replaced on the server. */
export function isListsFault(stderr: string): boolean {
  const unknown = /Unable to locate package|has no installation candidate|Can't (select|find)|No packages found/i;
  return unknown.test(stderr) || /404|Hash Sum mismatch/i.test(stderr);
}

export function isNetworkFault(stderr: string): boolean {
  return /Failed to fetch|Temporary failure|Could not (?:resolve|connect)|Cannot initiate|Unable to connect/i.test(
    stderr,
  );
}

/** apt's own reason, in one short line. */
export function shortReason(result: ProgramResult): string {
  if (result.status === null) {
    return "it took too long, or was interrupted";
  }
  const lines = result.stderr.split("\n").map((line) => line.trim());
  const reason = lines.find((line) => line.startsWith("E: ")) ?? lines.find((line) => line.startsWith("W: "));
  return (reason ?? "no reason given").replace(/^[EW]: /, "").slice(0, 200);
}
