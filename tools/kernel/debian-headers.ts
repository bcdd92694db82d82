/**
 * Debian's header packages, against which modules of a kernel are compiled, kept in groundhog's cache.
 *
 *     CACHE/debian-headers/linux-headers-ABI-ARCHITECTURE_VERSION/usr/src/..., usr/lib/linux-kbuild-...
 *     CACHE/debian-headers/asked/X.Y.Z/    an empty folder: the nearest that apt had for this kernel is in the cache
 *
 * Three packages make one such folder: linux-headers-ABI-ARCHITECTURE (configuration and generated headers), its
 * -common package (headers) and linux-kbuild (kbuild with its programs). The folder comes into being by one rename.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AptRoom,
  aptOptions,
  compareVersions,
  isListsFault,
  isNetworkFault,
  type Lists,
  runApt,
  shortReason,
  updatePrivateLists,
} from "./apt.ts";
import { InputError } from "./input-error.ts";
import { makeFolder } from "./make-folder.ts";
import { sortByBytes } from "./paths.ts";
import { findProgram, runProgram } from "./programs.ts";
import { moveIntoPlace, removeStaleTemporaries, withTemporary } from "./temporary.ts";

const SEARCH_SECONDS = 60;
/** Some 15 MB; this is a line of 25 kB/s. */
const DOWNLOAD_SECONDS = 600;
const UNPACK_SECONDS = 120;

/** Debian's names of the architectures that node runs on. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "armhf",
  ia32: "i386",
  ppc64: "ppc64el",
  riscv64: "riscv64",
  s390x: "s390x",
};
/** Architectures whose plain kernel is not named after them. */
const FLAVOURS: Readonly<Record<string, string>> = { armhf: "armmp", i386: "686-pae", ppc64el: "powerpc64le" };

/** A kernel's numbers: 6.1.192 is series `6.1`, patch 192. */
interface Numbers {
  readonly series: string;
  readonly patch: number;
}

/** A header package that is in the cache, or that apt offers. */
interface Candidate extends Numbers {
  /** linux-headers-6.1.0-56-amd64 */
  readonly name: string;
  /** Debian's version, 6.1.192-2. */
  readonly version: string;
  /** What has to be downloaded, as apt-get takes it (`name=version`); null for what is in the cache. */
  readonly packages: readonly string[] | null;
}

/** Headers, ready to build against. */
export interface KernelHeaders {
  /** What `make -C` gets. */
  readonly directory: string;
  /** The folder below which headers and kbuild lie; paths of messages begin with it. */
  readonly root: string;
  /** Package and version, `linux-headers-6.1.0-56-amd64 6.1.192-2`. */
  readonly description: string;
  /** The kernel that the headers are of, `6.1.192`. */
  readonly kernel: string;
  /** The compiler that they were built with, such as `gcc-12`; null where they name none. */
  readonly compiler: string | null;
}

export interface HeaderOptions {
  readonly cacheDirectory: string;
  /** Why there are none, by version: added to, so that one run asks once however many candidates it compiles. */
  readonly reasons?: Map<string, string>;
  readonly progress?: (line: string) => void;
}

/**
 * The header packages for a kernel: of the same series X.Y, and of those the nearest version.
 *
 * What the cache has of exactly this version is taken without asking anybody. Otherwise apt's lists are asked once for
 * each version (the system's, then fresh ones of our own), and what is nearest among them and the cache is taken.
 *
 * @param version of the kernel, `6.1.192`; what follows the numbers (`-rc3`) does not matter
 * @returns a line for a person where there are none: no apt, no network, no such package
 * @throws InputError when the run is interrupted, and only then
 */
export async function debianHeaders(version: string, options: HeaderOptions): Promise<KernelHeaders | string> {
  const known = options.reasons?.get(version);
  if (known !== undefined) return known;
  const found = await findHeaders(version, options);
  if (typeof found === "string") options.reasons?.set(version, found);
  return found;
}

async function findHeaders(version: string, options: HeaderOptions): Promise<KernelHeaders | string> {
  const kernel = numbersOf(version);
  if (kernel === null) {
    return `${version} is no kernel version such as 6.1.192`;
  }
  const place = join(options.cacheDirectory, "debian-headers");
  const cached = cachedCandidates(place).filter((one) => one.series === kernel.series);
  const best = nearest(kernel, cached);
  const isSettled = best?.patch === kernel.patch || existsSync(askedFolder(place, kernel));
  if (best !== null && (isSettled || findProgram("apt-get") === null)) {
    return openHeaders(place, best);
  }
  removeStaleTemporaries(options.cacheDirectory, Date.now());
  let interrupted = false;
  try {
    return await withTemporary(options.cacheDirectory, async (directory, signal) => {
      signal.addEventListener("abort", () => {
        interrupted = true;
      });
      const progress = (line: string) => options.progress?.(line);
      return supply({ kernel, cached, place, room: { directory, signal, progress } });
    });
  } catch (error) {
    if (error instanceof InputError && !interrupted) {
      return error.message;
    }
    throw error;
  }
}

/** What is looked for, what is there already, and what apt is run with. */
interface Search {
  readonly kernel: Numbers;
  /** In the cache, of the kernel's series. */
  readonly cached: readonly Candidate[];
  /** The folder debian-headers of the cache. */
  readonly place: string;
  readonly room: AptRoom;
}

async function supply(search: Search): Promise<KernelHeaders | string> {
  const { kernel, cached, place, room } = search;
  let attempt = await tryLists(search, "system");
  if (attempt.headers === null && attempt.mayHelp) {
    room.progress("the system's package lists have no fitting headers: getting fresh ones into the cache");
    const refreshed = await updatePrivateLists("header packages", room);
    attempt = await tryLists(search, "private");
    // Without fresh lists "no such package" says nothing about Debian.
    if (attempt.headers === null && isNetworkFault(refreshed.stderr)) {
      const why = `and fresh ones cannot be got (${shortReason(refreshed)})`;
      attempt = missed(`the package lists have no headers for Linux ${kernel.series}, ${why}`);
    }
  }
  if (attempt.headers !== null) {
    makeFolder(askedFolder(place, kernel));
    return attempt.headers;
  }
  const fallback = nearest(kernel, cached);
  return fallback === null ? attempt.reason : openHeaders(place, fallback);
}

/** What came of asking one kind of lists; `mayHelp`: fresh lists may. */
type Attempt =
  | { readonly headers: KernelHeaders }
  | { readonly headers: null; readonly reason: string; readonly mayHelp: boolean };

function missed(reason: string, mayHelp = false): Attempt {
  return { headers: null, reason, mayHelp };
}

function attempted(headers: KernelHeaders | string): Attempt {
  return typeof headers === "string" ? missed(headers) : { headers };
}

async function tryLists(search: Search, lists: Lists): Promise<Attempt> {
  const { kernel, cached, place, room } = search;
  const names = await offeredNames(room, lists);
  const ofSeries = names.filter((name) => seriesOf(name) === kernel.series);
  const best = nearest(kernel, [...cached, ...(await readCandidates(ofSeries, room, lists))]);
  if (best === null) {
    const others = [...new Set(names.map(seriesOf))].sort(compareVersions).join(", ");
    const there = others === "" ? "" : `; there are ${others}`;
    return missed(`apt offers no header packages for Linux ${kernel.series} (${architecture()})${there}`, true);
  }
  if (best.packages === null) {
    return attempted(openHeaders(place, best));
  }
  room.progress(`downloading ${best.name} ${best.version} with apt-get (about 15 MB, once)`);
  const args = [...aptOptions(room, lists), "download", "--quiet", ...best.packages];
  const result = await runApt(best.name, "apt-get", args, room, DOWNLOAD_SECONDS);
  if (result.status !== 0) {
    return missed(`apt-get cannot download ${best.name} (${shortReason(result)})`, isListsFault(result.stderr));
  }
  return attempted(await unpack(best, place, room));
}

/** Names of the header packages that apt knows, of the plain flavour and of all series. */
async function offeredNames(room: AptRoom, lists: Lists): Promise<readonly string[]> {
  // No second hyphen: that leaves out the flavours rt and cloud, and three numbers leave out the meta-packages.
  const pattern = `^linux-headers-[0-9]+[.][0-9]+[.][0-9]+([+-][0-9A-Za-z.+~]+)?-${flavour()}$`;
  const args = [...aptOptions(room, lists), "search", "--names-only", pattern];
  const result = await runApt("header packages", "apt-cache", args, room, SEARCH_SECONDS);
  const names = [...result.stdout.matchAll(/^(linux-headers-\S+) - /gm)].map((match) => match[1] ?? "");
  return sortByBytes([...new Set(names)]);
}

function seriesOf(name: string): string {
  return numbersOf(name.replace("linux-headers-", ""))?.series ?? "";
}

/** Looks up versions and dependencies of packages. */
async function readCandidates(names: readonly string[], room: AptRoom, lists: Lists): Promise<readonly Candidate[]> {
  if (names.length === 0) {
    return [];
  }
  const args = [...aptOptions(room, lists), "show", ...names];
  const result = await runApt("header packages", "apt-cache", args, room, SEARCH_SECONDS);
  return result.stdout
    .split(/\n\n+/)
    .map(candidateOf)
    .filter((one) => one !== null);
}

/** One stanza of `apt-cache show` (deb822(5)); null for one that is not as expected. */
function candidateOf(stanza: string): Candidate | null {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1] ?? "";
  const [name, version] = [field("Package"), field("Version")];
  const numbers = numbersOf(version);
  const needs = field("Depends").split(/\s*,\s*/);
  const common = needs.find((one) => /^linux-headers-[\w.+~-]+-common(?:\s|$)/.test(one));
  const kbuild = needs.find((one) => /^linux-kbuild-[\w.+~-]+(?:\s|$)/.test(one));
  if (numbers === null || !isPlain(name) || !isPlain(version) || common === undefined || kbuild === undefined) {
    return null;
  }
  const packages = [`${name}=${version}`, pinned(common), pinned(kbuild)];
  return { ...numbers, name, version, packages };
}

/** `linux-headers-6.1.0-56-common (= 6.1.192-2)` as apt-get takes it; what is not exact is the newest. */
function pinned(dependency: string): string {
  const [, name = "", version] = /^(\S+)(?:\s+\(=\s*([^\s)]+)\))?/.exec(dependency) ?? [];
  return version === undefined ? name : `${name}=${version}`;
}

/** Names become parts of paths, and make(1) takes no spaces and colons there. */
function isPlain(text: string): boolean {
  return /^[A-Za-z0-9][\w.+~-]*$/.test(text);
}

/**
 * Unpacks what was downloaded into the room, and moves it into the cache.
 * @returns a reason when the packages are not laid out as is known
 */
async function unpack(candidate: Candidate, place: string, room: AptRoom): Promise<KernelHeaders | string> {
  const program = findProgram("dpkg-deb");
  if (program === null) {
    return "dpkg-deb, which unpacks the header packages, is not on this machine";
  }
  const finished = join(room.directory, "headers");
  mkdirSync(finished);
  const packages = readdirSync(room.directory).filter((name) => name.endsWith(".deb"));
  for (const file of packages) {
    const options = { directory: room.directory, signal: room.signal, timeoutSeconds: UNPACK_SECONDS };
    const result = await runProgram(program, ["--extract", join(room.directory, file), finished], options);
    if (result.status !== 0) {
      return `${file} cannot be unpacked (${(result.stderr.trim().split("\n")[0] ?? "").slice(0, 200)})`;
    }
  }
  const directory = join(finished, "usr", "src", candidate.name);
  if (!mendMakefile(join(directory, "Makefile"))) {
    return `${candidate.name} ${candidate.version} is not laid out as is known: its Makefile does not include another`;
  }
  // Reached through the packages' own links, which are relative.
  const missing = [
    ".kernelvariables",
    "include/config/auto.conf",
    "scripts/Makefile.build",
    "scripts/basic/fixdep",
  ].find((path) => !existsSync(join(directory, path)));
  if (missing !== undefined) {
    return `${candidate.name} ${candidate.version} is not laid out as is known: it has no ${missing}`;
  }
  moveIntoPlace(finished, join(place, folderOf(candidate)));
  return openHeaders(place, candidate);
}

/** Makes the Makefile find the common package beside itself, wherever the cache is, instead of in /usr/src. */
function mendMakefile(path: string): boolean {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const beside = "$(dir $(abspath $(lastword $(MAKEFILE_LIST))))../";
  const mended = text.replace(/^(include\s+)\/usr\/src\//gm, (_, include: string) => `${include}${beside}`);
  if (mended === text || mended.includes("/usr/src/")) {
    return false;
  }
  writeFileSync(path, mended);
  return true;
}

function folderOf({ name, version }: Candidate): string {
  return `${name}_${version}`;
}

function askedFolder(place: string, { series, patch }: Numbers): string {
  return join(place, "asked", `${series}.${patch}`);
}

function cachedCandidates(place: string): readonly Candidate[] {
  const names = existsSync(place) ? sortByBytes(readdirSync(place)) : [];
  return names.flatMap((folder) => {
    const [name = "", version = ""] = folder.split("_");
    const numbers = numbersOf(version);
    const fits = numbers !== null && name.endsWith(`-${flavour()}`);
    return fits ? [{ ...numbers, name, version, packages: null }] : [];
  });
}

function openHeaders(place: string, candidate: Candidate): KernelHeaders | string {
  const root = join(place, folderOf(candidate));
  const directory = join(root, "usr", "src", candidate.name);
  let variables: string;
  try {
    variables = readFileSync(join(directory, ".kernelvariables"), "utf8");
  } catch {
    return `${root}: this part of the cache is damaged; remove it`;
  }
  return {
    directory,
    root,
    description: `${candidate.name} ${candidate.version}`,
    kernel: `${candidate.series}.${candidate.patch}`,
    compiler: /\bgcc-\d+\b/.exec(variables)?.[0] ?? null,
  };
}

/**
 * The nearest version; of two equally near the newer one, of the same version the latest package, and what is in the
 * cache before what has to be downloaded.
 */
function nearest(kernel: Numbers, candidates: readonly Candidate[]): Candidate | null {
  const distance = (one: Candidate) => Math.abs(one.patch - kernel.patch);
  const inNumbers = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });
  const [best] = candidates
    .filter((one) => one.series === kernel.series)
    .sort(
      (a, b) =>
        distance(a) - distance(b) ||
        b.patch - a.patch ||
        inNumbers(b.version, a.version) ||
        Number(a.packages !== null) - Number(b.packages !== null),
    );
  return best ?? null;
}

/** Numbers at the beginning of a version; null where there are none. */
function numbersOf(version: string): Numbers | null {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,4})(?:\.(\d{1,5}))?(?!\d)/.exec(version) ?? [];
  return major === undefined ? null : { series: `${major}.${minor}`, patch: Number(patch ?? 0) };
}

function architecture(): string {
  return ARCHITECTURES[process.arch] ?? process.arch;
}

function flavour(): string {
  return FLAVOURS[architecture()] ?? architecture();
}
