/**
 * kbuild Makefiles (Documentation/kbuild/makefiles.rst): which objects a folder's Makefile builds, and a Makefile that
 * builds only some of them. Makefiles of a tree are read, never run.
 */

/** One assignment: `cifs-$(CONFIG_CIFS_XATTR) += xattr.o`. */
interface Assignment {
  /** `obj`, a module such as `cifs`, `ccflags`, or a whole variable such as `CFLAGS_trace.o`. */
  readonly name: string;
  /** `y`, `m`, `objs`, or an option such as CONFIG_CIFS_XATTR; empty for a whole variable. */
  readonly when: string;
  readonly words: readonly string[];
}

/** A folder with a Makefile, built as an external module. */
export interface Module {
  readonly folder: string;
  readonly assignments: readonly Assignment[];
}

/** Kernel options: `y` or `m`; those that are off are absent. */
export type KernelOptions = ReadonlyMap<string, string>;

/** The options of an include/config/auto.conf. */
export function readOptions(text: string): KernelOptions {
  return new Map([...text.matchAll(/^(CONFIG_\w+)=([ym])$/gm)].map(([, name = "", value = ""]) => [name, value]));
}

/** Takes in assignments of object lists and compiler flags; all else, conditionals too, goes by. */
export function readMakefile(folder: string, text: string): Module {
  const assignments: Assignment[] = [];
  for (const line of text.replace(/\\\n/g, " ").split("\n")) {
    const match = /^([\w.-]+?)(?:-(y|m|objs|\$\((CONFIG_\w+)\)))?\s*[:+?]?=\s*([^#]*)/.exec(line);
    if (match !== null) {
      const [, name = "", suffix = "", option, value = ""] = match;
      assignments.push({ name, when: option ?? suffix, words: value.split(/\s+/).filter((word) => word !== "") });
    }
  }
  return { folder, assignments };
}

/** `y`, `m`, or null for what is off. */
function stateOf(when: string, options: KernelOptions): string | null {
  if (when.startsWith("CONFIG_")) {
    return options.get(when) ?? null;
  }
  return when === "objs" ? "y" : when;
}

/**
 * The module that an object is part of, `cifs` for `connect.o`.
 * @returns `reason` when the configuration builds it into none
 */
export function moduleOf(
  module: Module,
  object: string,
  options: KernelOptions,
): { readonly name: string } | { readonly reason: string } {
  let reason = `the Makefile of ${module.folder} does not name ${object}`;
  for (const part of module.assignments.filter(({ words, when }) => when !== "" && words.includes(object))) {
    const whole = part.name === "obj" ? object : `${part.name}.o`;
    const conditions = part.name === "obj" ? [part.when] : [part.when, ...conditionsOf(module, whole)];
    const off = conditions.find((when) => stateOf(when, options) === null);
    if (off !== undefined) {
      reason = `${object} is not built, because ${off} is off in Debian's configuration`;
    } else if (stateOf(conditions.at(-1) ?? "", options) === "m") {
      return { name: whole.replace(/\.o$/, "") };
    } else if (part.name === "obj" || conditions.length > 1) {
      reason = `${object} is part of the kernel proper in Debian's configuration, not of a module`;
    }
  }
  return { reason };
}

/** When the whole that parts are linked to is built. Parts of parts there are none in kbuild. */
function conditionsOf({ assignments }: Module, whole: string): readonly string[] {
  const [found] = assignments.filter(({ name, words }) => name === "obj" && words.includes(whole));
  return found === undefined ? [] : [found.when];
}

/** All objects that the configuration builds into modules, in the Makefile's order. */
export function moduleObjects(module: Module, options: KernelOptions): readonly string[] {
  const named = module.assignments.flatMap(({ words }) => words).filter((word) => /^[\w+-][\w./+-]*\.o$/.test(word));
  return [...new Set(named)].filter((object) => "name" in moduleOf(module, object, options));
}

/** Flags that mean the same in a copy. Others might name plug-ins and programs, and are left out. */
function safeFlags(words: readonly string[]): readonly string[] {
  return words
    .map((word) => word.replace(/^-I\$\(srctree\)\/\$\((src|obj)\)/, "-I$($1)"))
    .filter((word) => /^(?:-I\$\((?:src|obj)\)[\w./-]*|-D\w+(?:=\w+)?|-W[a-z][\w=-]*)$/.test(word));
}

/** A Makefile that builds some objects of a module. */
export function makefileFor(module: Module, objects: readonly string[], options: KernelOptions): string {
  const parts = new Map<string, string[]>();
  for (const object of objects) {
    const whole = moduleOf(module, object, options);
    const name = "name" in whole ? whole.name : object.replace(/\.o$/, "");
    parts.set(name, [...(parts.get(name) ?? []), object]);
  }
  const common = module.assignments.filter(
    ({ name, when }) => /^(?:subdir-)?ccflags$|^EXTRA_CFLAGS$/.test(name) && stateOf(when, options) !== null,
  );
  const own = module.assignments.filter(({ name }) => objects.some((object) => name === `CFLAGS_${object}`));
  const lines = [
    `ccflags-y := ${safeFlags(common.flatMap(({ words }) => words)).join(" ")}`,
    ...own.map(({ name, words }) => `${name} += ${safeFlags(words).join(" ")}`),
    `obj-m := ${[...parts.keys()].map((name) => `${name}.o`).join(" ")}`,
  ];
  for (const [name, of] of parts) {
    if (of.length > 1 || of[0] !== `${name}.o`) {
      lines.push(`${name}-y := ${of.join(" ")}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
