/**
 * Cases as one C program, and what gcc makes of it. Types and macros of the kernel are worded here anew, so that what
 * the translator says of them is compared with something that is not its own.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { INPUTS } from "./expressions.ts";

/** A machine that C is compiled for. */
export interface Machine {
  readonly longBits: 32 | 64;
  readonly charIsSigned: boolean;
}

/** What a run starts with. */
export interface Vector {
  readonly inputs: readonly bigint[];
  /** jiffies_64; jiffies are its low bits where long has 32. */
  readonly jiffies: bigint;
  readonly hz: number;
}

/** C functions `void NAME(u64 *given, u64 *out)`, each with its number of results. */
export interface Functions {
  readonly text: string;
  readonly entries: readonly { readonly name: string; readonly results: number }[];
}

const TYPES = `
typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;
typedef u16 __le16, __be16;
typedef u32 __le32, __be32;
typedef u64 __le64, __be64;
typedef __SIZE_TYPE__ size_t;
#define bool _Bool
#define true 1
#define false 0
`;

/** Bytes are moved one by one, so that no order of the host is assumed. */
const BYTE_ORDERS = `
static u64 bytes_of(u64 x, int bytes, int isBig)
{
	union { u8 at[8]; u16 w2; u32 w4; u64 w8; } raw = { { 0 } };
	int i;

	for (i = 0; i < bytes; i++)
		raw.at[isBig ? bytes - 1 - i : i] = (u8)(x >> (8 * i));
	return bytes == 2 ? raw.w2 : bytes == 4 ? raw.w4 : raw.w8;
}
${[16, 32, 64]
  .flatMap((bits) => [`le${bits}`, `be${bits}`].map((order) => [bits, order] as const))
  .flatMap(([bits, order]) => {
    const result = `{ return bytes_of(x, ${bits / 8}, ${order.startsWith("be") ? 1 : 0}); }`;
    return [
      `static __${order} cpu_to_${order}(u${bits} x) ${result}`,
      `static u${bits} ${order}_to_cpu(__${order} x) ${result}`,
    ];
  })
  .join("\n")}
`;

const MACROS = `
unsigned long jiffies;
u64 jiffies_64;
int HZ;
#define likely(x) (!!(x))
#define unlikely(x) (!!(x))
#define WRITE_ONCE(x, value) ((x) = (value))
#define CHOOSE(a, op, b) ({ typeof(+(a)) a_ = (a); typeof(+(b)) b_ = (b); a_ op b_ ? a_ : b_; })
#define min(a, b) CHOOSE(a, <, b)
#define max(a, b) CHOOSE(a, >, b)
#define min3(a, b, c) min(min(a, b), c)
#define max3(a, b, c) max(max(a, b), c)
#define min_t(type, a, b) CHOOSE((type)(a), <, (type)(b))
#define max_t(type, a, b) CHOOSE((type)(a), >, (type)(b))
#define umin(a, b) CHOOSE((a) + 0u + 0ul + 0ull, <, (b) + 0u + 0ul + 0ull)
#define umax(a, b) CHOOSE((a) + 0u + 0ul + 0ull, >, (b) + 0u + 0ul + 0ull)
#define clamp(x, low, high) min(max(x, low), high)
#define clamp_t(type, x, low, high) clamp((type)(x), (type)(low), (type)(high))
#define clamp_val(x, low, high) clamp_t(typeof(x), x, low, high)
#define swap(a, b) do { typeof(a) kept_ = (a); (a) = (b); (b) = kept_; } while (0)
#define do_div(n, base) ({ u32 base_ = (base); u32 rest_ = (n) % base_; (n) /= base_; rest_; })
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_in_range(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))
#define time_in_range_open(a, b, c) (time_after_eq(a, b) && time_before(a, c))
#define secs_to_jiffies(seconds) ((unsigned long)((seconds) * HZ))
static unsigned long msecs_to_jiffies(unsigned int m)
{
	return (int)m < 0 ? ((long)(~0UL >> 1) >> 1) - 1 : (unsigned long)(((u64)m * HZ + 999) / 1000);
}
`;

/** A program without a library, which there is none of for the other width: quotients and output are its own. */
const ALONE = `
static u64 divided(u64 n, u64 by, u64 *rest)
{
	u64 quotient = 0, left = 0;
	int i;

	for (i = 63; i >= 0; i--) {
		int carry = left >> 63;
		left = left << 1 | (n >> i & 1);
		if (carry || left >= by) {
			left -= by;
			quotient |= 1ULL << i;
		}
	}
	*rest = left;
	return quotient;
}
u64 __udivdi3(u64 a, u64 b) { u64 rest; return divided(a, b, &rest); }
u64 __umoddi3(u64 a, u64 b) { u64 rest; divided(a, b, &rest); return rest; }
s64 __divdi3(s64 a, s64 b)
{
	u64 rest, quotient = divided(a < 0 ? -(u64)a : a, b < 0 ? -(u64)b : b, &rest);
	return (a < 0) == (b < 0) ? quotient : -quotient;
}
s64 __moddi3(s64 a, s64 b)
{
	u64 rest;
	divided(a < 0 ? -(u64)a : a, b < 0 ? -(u64)b : b, &rest);
	return a < 0 ? -rest : rest;
}
static int call(int number, int a, const void *b, int c)
{
	__asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
	return number;
}
static void put(const u8 *from, int count)
{
	while (count > 0) {
		int done = call(4, 1, from, count);
		if (done <= 0)
			call(1, 1, 0, 0);
		from += done;
		count -= done;
	}
}
static void leave(void) { call(1, 0, 0, 0); }
#define main _start
`;

const HOSTED = `
#include <stdio.h>
#include <stdlib.h>
static void put(const void *from, int count)
{
	if (fwrite(from, 1, count, stdout) != (size_t)count)
		exit(1);
}
static void leave(void) { exit(fflush(stdout) != 0); }
`;

/** The kernel's own words on signed sums and on aliases; nothing is made that nobody looks at. */
const FLAGS = ["-std=gnu11", "-fwrapv", "-fno-strict-overflow", "-fno-strict-aliasing", "-O0", "-w"];
const QUICKLY = ["-fno-asynchronous-unwind-tables", "-fno-pie", "-no-pie"];
const ALONE_FLAGS = ["-m32", "-ffreestanding", "-nostdlib", "-static", "-fno-stack-protector"];

/** What gcc is called with to make `all` of `all.c` in a folder. */
function argumentsFor({ longBits, charIsSigned }: Machine, folder: string): readonly string[] {
  const char = charIsSigned ? "-fsigned-char" : "-funsigned-char";
  const alone = longBits === 32 ? ALONE_FLAGS : [];
  return [...FLAGS, char, ...QUICKLY, ...alone, "-o", join(folder, "all"), join(folder, "all.c")];
}

function constants(type: string, name: string, values: readonly (bigint | number)[]): string {
  return `static ${type} ${name}[] = { ${values.map((one) => `${one}${type === "u64" ? "ULL" : ""}`).join(", ")} };\n`;
}

/** The program: every function on every vector, and all results as 64-bit words on the standard output. */
function programOf(functions: Functions, vectors: readonly Vector[], machine: Machine): string {
  let at = 0;
  const calls = functions.entries.map(({ name, results }) => {
    const line = `\t\t${name}(given + i * ${INPUTS}, out + ${at});\n`;
    at += results;
    return line;
  });
  const unsigned = (one: bigint): bigint => BigInt.asUintN(64, one);
  return [
    machine.longBits === 32 ? "" : HOSTED,
    machine.longBits === 32 ? TYPES : TYPES.replace(/^typedef __SIZE_TYPE__.*\n/m, ""),
    BYTE_ORDERS,
    MACROS,
    machine.longBits === 32 ? ALONE : "",
    functions.text,
    constants(
      "u64",
      "given",
      vectors.flatMap((one) => one.inputs.map(unsigned)),
    ),
    constants(
      "u64",
      "moments",
      vectors.map((one) => unsigned(one.jiffies)),
    ),
    constants(
      "int",
      "rates",
      vectors.map((one) => one.hz),
    ),
    `static u64 out[${Math.max(at, 1)}];\n`,
    `void main(void)\n{\n\tint i;\n\n\tfor (i = 0; i < ${vectors.length}; i++) {\n`,
    "\t\tjiffies = jiffies_64 = moments[i];\n\t\tHZ = rates[i];\n",
    ...calls,
    "\t\tput((void *)out, sizeof(out));\n\t}\n\tleave();\n}\n",
  ].join("");
}

const run = promisify(execFile);

/** What gcc's program says: for every vector the results of all functions, one after the other. */
export async function compiledResults(
  functions: Functions,
  vectors: readonly Vector[],
  machine: Machine,
): Promise<BigInt64Array> {
  const folder = mkdtempSync(join(tmpdir(), "groundhog-integers-"));
  try {
    writeFileSync(join(folder, "all.c"), programOf(functions, vectors, machine));
    await run("gcc", argumentsFor(machine, folder), { maxBuffer: 1e8 });
    const { stdout } = await run(join(folder, "all"), [], { encoding: "buffer", maxBuffer: 1e9 });
    return new BigInt64Array(new Uint8Array(stdout).buffer);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why nothing can be compiled and run for a machine here; null where it can. */
export function missingCompiler(longBits: 32 | 64): string | null {
  const folder = mkdtempSync(join(tmpdir(), "groundhog-integers-"));
  try {
    const machine: Machine = { longBits, charIsSigned: true };
    writeFileSync(join(folder, "all.c"), programOf({ text: "", entries: [] }, [], machine));
    execFileSync("gcc", [...argumentsFor(machine, folder)], { stdio: "ignore" });
    execFileSync(join(folder, "all"), { stdio: "ignore" });
    return null;
  } catch (error) {
    const isAbsent = (error as { code?: string }).code === "ENOENT";
    return isAbsent ? "there is no gcc" : `gcc makes no programs of ${longBits} bits here`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
