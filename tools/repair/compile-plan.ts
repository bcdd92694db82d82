/**
 * Which objects are compiled for a patch, and which files of the tree they need.
 */
import { posix } from "node:path";
import { isTreePath, sortByBytes } from "../kernel/paths.ts";
import { type KernelOptions, type Module, moduleObjects, moduleOf, readMakefile } from "./kbuild.ts";

/** .c files that are built for each touched header. */
const MAX_INCLUDERS = 3;
/** Files that are copied; the SMB client needs some fifty. */
const MAX_COPIED_FILES = 2_000;
const MAX_MODULES = 16;

/** A patched tree, and what the patch touches. */
export interface PatchedTree {
  readonly touched: readonly string[];
  readonly list: (prefix: string) => Promise<readonly string[]>;
  readonly read: (path: string) => Promise<Buffer | null>;
}

/** Objects of one module folder, `connect.o`, in the order in which they are built. */
export interface ModuleBuild {
  readonly module: Module;
  readonly objects: string[];
}

export interface Plan {
  readonly modules: readonly ModuleBuild[];
  /** Touched files that no build covers, with reasons. */
  readonly leftOut: readonly string[];
}

/** Names become words of Makefiles; those in the kernel have none but these characters. */
function isPlain(path: string): boolean {
  return /^[\w./+-]+$/.test(path) && isTreePath(path);
}

function isSource(path: string): boolean {
  return isPlain(path) && /\.[ch]$/.test(path);
}

/** Path of the source of an object of a module. */
export function sourceOf({ folder }: Module, object: string): string {
  return posix.join(folder, object.replace(/\.o$/, ".c"));
}

/** The same tree, of which each file is read once. */
export function readOnce(tree: PatchedTree): PatchedTree {
  const known = new Map<string, Promise<Buffer | null>>();
  const read = (path: string): Promise<Buffer | null> => {
    const reading = known.get(path) ?? tree.read(path);
    known.set(path, reading);
    return reading;
  };
  return { touched: tree.touched, list: tree.list, read };
}

/** The module folders of the touched files; a reason when there are none. */
export async function findModules(tree: PatchedTree): Promise<readonly Module[] | string> {
  const sources = tree.touched.filter(isSource);
  if (sources.length === 0) {
    return "the patch touches no C file";
  }
  const found = new Map<string, Module>();
  const folders = [...new Set(sources.map((path) => posix.dirname(path)))];
  for (const folder of folders) {
    const module = await moduleAround(tree, folder);
    if (module !== null) {
      found.set(module.folder, module);
    }
  }
  if (found.size === 0) {
    return `there is no Makefile in ${folders.slice(0, 3).join(", ")} or above: nothing says how it is built`;
  }
  return [...found.values()].slice(0, MAX_MODULES);
}

/** The nearest folder with a Makefile; the tree's own Makefile is not one of a module. */
async function moduleAround({ read }: PatchedTree, start: string): Promise<Module | null> {
  for (let folder = start; folder !== "."; folder = posix.dirname(folder)) {
    for (const name of ["Kbuild", "Makefile"]) {
      const text = await read(`${folder}/${name}`);
      if (text !== null) {
        return readMakefile(folder, text.toString("latin1"));
      }
    }
  }
  return null;
}

/**
 * Chooses the objects of all touched files: each touched .c file's own, and for a header some that include it.
 *
 * @param modules of `findModules`
 */
export async function planObjects(
  tree: PatchedTree,
  modules: readonly Module[],
  options: KernelOptions,
): Promise<Plan> {
  const chosen = new Map<string, ModuleBuild>();
  const leftOut: string[] = [];
  const add = (module: Module, object: string): void => {
    const entry = chosen.get(module.folder) ?? { module, objects: [] };
    chosen.set(module.folder, entry);
    if (!entry.objects.includes(object)) {
      entry.objects.push(object);
    }
  };
  const sources = sortByBytes([...new Set(tree.touched.filter(isSource))]);
  for (const path of sources.filter((one) => one.endsWith(".c"))) {
    const module = nearestModule(modules, path);
    if ((await tree.read(path)) === null) {
      continue;
    }
    const object = module === null ? "" : posix.relative(module.folder, path).replace(/\.c$/, ".o");
    const result = module === null ? null : moduleOf(module, object, options);
    if (module !== null && result !== null && "name" in result) {
      add(module, object);
    } else {
      leftOut.push(result === null || "name" in result ? `${path} has no Makefile beside it` : result.reason);
    }
  }
  for (const path of sources.filter((one) => one.endsWith(".h"))) {
    const includers = await findIncluders(tree, modules, path, options);
    for (const { module, object } of includers) {
      add(module, object);
    }
    if (includers.length === 0) {
      leftOut.push(`no module was found that includes ${path}`);
    }
  }
  return { modules: [...chosen.values()], leftOut };
}

function nearestModule(modules: readonly Module[], path: string): Module | null {
  const around = modules.filter(({ folder }) => path.startsWith(`${folder}/`));
  return around.sort((a, b) => b.folder.length - a.folder.length)[0] ?? null;
}

interface Includer {
  readonly module: Module;
  readonly object: string;
}

/**
 * Objects whose .c files include a header: of the touched modules, or else of the folders beside the header's
 * (fs/smb/client for fs/smb/common).
 */
async function findIncluders(
  tree: PatchedTree,
  modules: readonly Module[],
  header: string,
  options: KernelOptions,
): Promise<readonly Includer[]> {
  const found = await includersAmong(tree, modules, header, options);
  return found.length > 0 ? found : includersAmong(tree, await modulesBeside(tree, header), header, options);
}

async function modulesBeside(tree: PatchedTree, header: string): Promise<readonly Module[]> {
  const above = posix.dirname(posix.dirname(header));
  if (!above.includes("/")) {
    // Beside fs/nls are all file systems, and few of them have to do with it.
    return [];
  }
  const folders = (await tree.list(above))
    .filter(
      (path) => isPlain(path) && posix.basename(path) === "Makefile" && posix.dirname(posix.dirname(path)) === above,
    )
    .map((path) => posix.dirname(path));
  const found = await Promise.all(folders.slice(0, MAX_MODULES).map((folder) => moduleAround(tree, folder)));
  return found.filter((module) => module !== null);
}

/** Those that name the header themselves; where none does, those that get it through other headers. */
async function includersAmong(
  tree: PatchedTree,
  modules: readonly Module[],
  header: string,
  options: KernelOptions,
): Promise<readonly Includer[]> {
  const all = modules.flatMap((module) => moduleObjects(module, options).map((object) => ({ module, object })));
  // Touched ones first: they are built anyway.
  const isTouched = (one: Includer) => tree.touched.includes(sourceOf(one.module, one.object));
  const ordered = [...all.filter(isTouched), ...all.filter((one) => !isTouched(one))];
  const direct: Includer[] = [];
  const indirect: Includer[] = [];
  for (const one of ordered) {
    const path = sourceOf(one.module, one.object);
    const text = isPlain(path) ? await tree.read(path) : null;
    const includes = text === null ? [] : includesOf(one.module, path, text);
    if (text === null || includes.some(({ name }) => isGenerated(name))) {
      continue;
    }
    if (includes.some(({ places }) => places.includes(header))) {
      direct.push(one);
    } else if (direct.length === 0 && (await followIncludes(tree, one.module, [path])).files.has(header)) {
      indirect.push(one);
    }
    if (direct.length === MAX_INCLUDERS) {
      break;
    }
  }
  return direct.length > 0 ? direct : indirect.slice(0, MAX_INCLUDERS);
}

/** The plan for the tree without the patch: new files are not in it. */
export async function withoutNew(plan: Plan, readOriginal: PatchedTree["read"]): Promise<Plan> {
  const modules: ModuleBuild[] = [];
  for (const { module, objects } of plan.modules) {
    const there = await Promise.all(objects.map((object) => readOriginal(sourceOf(module, object))));
    modules.push({ module, objects: objects.filter((_, index) => there[index] !== null) });
  }
  return { ...plan, modules: modules.filter((one) => one.objects.length > 0) };
}

interface Include {
  readonly name: string;
  readonly isQuoted: boolean;
  /** Where in the tree it may be, the first choice first. */
  readonly places: readonly string[];
}

/** The #include lines of a file, in whatever branch they are; those through macros are not seen. */
function includesOf(module: Module, path: string, contents: Buffer): readonly Include[] {
  const lines = contents.toString("latin1").matchAll(/^[ \t]*#[ \t]*include[ \t]+(["<])([^">\n]+)[">]/gm);
  return [...lines].map(([, quote, name = ""]) => {
    const isQuoted = quote === '"';
    const places = isQuoted
      ? [posix.join(posix.dirname(path), name), posix.join(module.folder, name)]
      : [`include/${name}`, `include/uapi/${name}`];
    return { name, isQuoted, places: places.filter(isPlain) };
  });
}

/** Headers that kbuild makes from ASN.1, with a program that the header packages do not have. */
function isGenerated(name: string): boolean {
  return /\.asn1\.h$/.test(name);
}

/** What files need. */
export interface Needed {
  readonly files: ReadonlyMap<string, Buffer>;
  /** Names, as they are included, of what only a whole build makes. */
  readonly generated: readonly string[];
  /** Names of what is included from folders of which the tree shows nothing: a part of a kernel was opened. */
  readonly unseen: readonly string[];
}

/** Files and, through their quoted includes, the headers of the tree that they need. */
export async function followIncludes(tree: PatchedTree, module: Module, start: readonly string[]): Promise<Needed> {
  const files = new Map<string, Buffer>();
  const generated: string[] = [];
  const unseen: string[] = [];
  const waiting = [...start];
  for (let path = waiting.pop(); path !== undefined && files.size < MAX_COPIED_FILES; path = waiting.pop()) {
    const contents = files.has(path) ? null : await tree.read(path);
    if (contents === null) {
      continue;
    }
    files.set(path, contents);
    for (const { name, isQuoted, places } of includesOf(module, path, contents)) {
      // Of include/ only what is touched: all else comes with the header packages.
      const place = await firstThere(tree, isQuoted ? places : places.filter((one) => tree.touched.includes(one)));
      if (place !== null) {
        waiting.push(place);
      } else if (isGenerated(name)) {
        generated.push(name);
      } else if (isQuoted && name.startsWith("../") && !(await isSeen(tree, places))) {
        unseen.push(name);
      }
    }
  }
  return { files, generated, unseen };
}

async function firstThere({ read }: PatchedTree, places: readonly string[]): Promise<string | null> {
  for (const place of places) {
    if ((await read(place)) !== null) {
      return place;
    }
  }
  return null;
}

async function isSeen({ list }: PatchedTree, places: readonly string[]): Promise<boolean> {
  const [first] = places;
  return first !== undefined && (await list(posix.dirname(first))).length > 0;
}

/** The sources of a module's objects, all headers of its folder (tracepoints include theirs by macros), and theirs. */
export async function filesOf(tree: PatchedTree, { module, objects }: ModuleBuild): Promise<Needed> {
  const headers = (await tree.list(module.folder)).filter((path) => isSource(path) && path.endsWith(".h"));
  return followIncludes(tree, module, [...headers, ...objects.map((object) => sourceOf(module, object))]);
}
