/**
 * Which preprocessor branches are taken, decided without running the compiler's preprocessor.
 *
 * Nothing is known about macros that the build defines, so each answer comes with its source: a .config, the default
 * "everything enabled", or a short list of macros that are off in any kernel build of the kind groundhog models. The
 * configuration's description is part of every result.
 */
import { InputError } from "../kernel/input-error.ts";

export interface Configuration {
  /** For reports: `everything enabled` or `.config FILE (1234 options)`. */
  readonly description: string;
  /** Whether nothing but a default says so: neither a .config nor the machine. */
  isGuess(name: string): boolean;
  /** Whether `name` is defined before a file's own #define lines are seen. */
  isDefined(name: string): boolean;
  /** The value that `name` has in an #if expression. */
  valueOf(name: string): bigint;
}

/**
 * Macros that are not defined when a kernel is built for a 64-bit little-endian machine by gcc, and those that mean
 * "this text is not used". Architectures' own versions of generic code are off, so that the generic code is seen.
 */
const OFF = [
  /^__ASSEMBL(?:Y|ER)__$/,
  /^__cplusplus$/,
  /^__CHECKER__$/,
  /^__GENKSYMS__$/,
  /^__DISABLE_EXPORTS$/,
  /^__(?:BIG_ENDIAN|ARMEB|MIPSEB)(?:_BITFIELD|__)?$/,
  /^(?:__)?(?:HAVE_)?ARCH_/,
  /^__HAVE_ARCH_/,
  /^__arch_/,
  /^__(?:i386|arm|aarch64|mips|powerpc|powerpc64|s390|s390x|sparc|hppa|ia64|alpha|m68k|sh|riscv|xtensa)__$/,
  /^(?:MODULE|BUILD_VDSO\w*|__VMKLINUX__|__UBOOT__|_WIN32|__APPLE__|__FreeBSD__|__clang__|__INTEL_COMPILER)$/,
  /^(?:not|NOT)(?:def|DEF|_?YET|_?yet|_?USED|_?used|NEEDED)\w*$/,
  /^(?:UNUSED|BROKEN|NEVER|OBSOLETE|FIXME|TODO)$/,
  /^CREATE_TRACE_POINTS$|^TRACE_HEADER_MULTI_READ$/,
];

/** Values that decide conditions in headers and have one answer on the 64-bit machines that groundhog models. */
const VALUES: ReadonlyMap<string, bigint> = new Map([
  ["BITS_PER_LONG", 64n],
  ["BITS_PER_LONG_LONG", 64n],
  ["__BITS_PER_LONG", 64n],
  ["PAGE_SHIFT", 12n],
  ["PAGE_SIZE", 4096n],
  ["__GNUC__", 12n],
  ["__GNUC_MINOR__", 2n],
  ["GCC_VERSION", 120200n],
  // Only #if lines see this; in expressions HZ stays symbolic.
  ["HZ", 250n],
  ["CONFIG_HZ", 250n],
]);

function isOff(name: string): boolean {
  return OFF.some((pattern) => pattern.test(name));
}

/** Names of the compiler and the machine are none. */
function isGuess(name: string): boolean {
  return !VALUES.has(name) && !name.startsWith("__");
}

/** The default: every CONFIG_ option built in, every other unknown macro on unless it is known to be off. */
export function everythingEnabled(): Configuration {
  // Each .c file asks for the same few names again and again; the patterns are the slow part.
  const known = new Map<string, boolean>();
  const isDefined = (name: string): boolean => {
    let answer = known.get(name);
    if (answer === undefined) {
      // An option cannot be built in and a module at once.
      answer = /^CONFIG_\w*_MODULE$/.test(name) ? false : !isOff(name);
      known.set(name, answer);
    }
    return answer;
  };
  return {
    description: "everything enabled (every CONFIG_ option built in)",
    isGuess,
    isDefined,
    valueOf: (name) => VALUES.get(name) ?? (isDefined(name) ? 1n : 0n),
  };
}

const MAX_CONFIG_LINE = 4096;

/**
 * Reads a kernel .config.
 *
 * @param text the file's text
 * @param name the file's name, for messages
 * @throws InputError when no line is a CONFIG_ setting, or a line is not one
 */
export function fromDotConfig(text: string, name: string): Configuration {
  const options = new Map<string, string>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const match = line.length > MAX_CONFIG_LINE ? null : /^(CONFIG_\w+)=(.*)$/.exec(line);
    if (match === null) throw new InputError(name, `line ${index + 1} is not a CONFIG_ setting`);
    options.set(match[1] as string, match[2] as string);
  }
  if (options.size === 0) throw new InputError(name, "no CONFIG_ settings in it; a kernel .config was expected");
  const isDefined = (macro: string): boolean => {
    if (!macro.startsWith("CONFIG_")) return !isOff(macro);
    const value = options.get(macro);
    if (value !== undefined) return value !== "m" && value !== "n";
    return macro.endsWith("_MODULE") && options.get(macro.slice(0, -"_MODULE".length)) === "m";
  };
  return {
    description: `${name} (${options.size} options)`,
    isGuess: (macro) => isGuess(macro) && !macro.startsWith("CONFIG_"),
    isDefined,
    valueOf: (macro) => {
      const value = options.get(macro);
      const number = numberOf(value);
      if (number !== null) return number;
      if (macro.startsWith("CONFIG_")) return isDefined(macro) ? 1n : 0n;
      if (macro === "HZ") return numberOf(options.get("CONFIG_HZ")) ?? 250n;
      return VALUES.get(macro) ?? (isDefined(macro) ? 1n : 0n);
    },
  };
}

/** The number that an option is set to; null for `y`, `m`, strings and options that are not set. */
function numberOf(value: string | undefined): bigint | null {
  const [, sign = "", digits = ""] = /^(-?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(value ?? "") ?? [];
  if (digits === "") return null;
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}
