/**
 * The same integer expressions through gcc and through the translator. gcc is told what the kernel's Makefile tells it:
 * signed overflow wraps. Divisors and shift counts are kept where C defines the result.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { model } from "./harness.ts";

const BATCHES = 4;
const PER_BATCH = 750;
const TYPES: Readonly<Record<string, string>> = {
  s8: "signed char",
  u8: "unsigned char",
  s16: "short",
  u16: "unsigned short",
  s32: "int",
  u32: "unsigned int",
  s64: "long long",
  u64: "unsigned long long",
  bool: "_Bool",
};
const NAMES = Object.keys(TYPES);
const VARIABLES = NAMES.map((type, i) => ({ name: `v${i}`, type }));

function hasCompiler(): boolean {
  try {
    execFileSync("gcc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const literal = fc.oneof(
  fc.constantFrom("0", "1", "2", "7", "127", "128", "255", "256", "32768", "65535", "65536", "0x7fffffff"),
  fc.constantFrom("0x80000000", "2147483648", "0xffffffff", "0xffffffffffffffff", "0x8000000000000000", "010"),
  fc.constantFrom("1U", "1L", "1UL", "3ULL", "0x7fffffffffffffffLL", "'a'", "4294967296"),
);
const variable = fc.constantFrom(...VARIABLES.map((one) => one.name));
const leaf = fc.oneof({ weight: 3, arbitrary: variable }, { weight: 1, arbitrary: literal });

/** Nested expressions; each operator's operands are in parentheses half of the time only, so that binding is tested. */
const { text } = fc.letrec<{ text: string }>((tie) => {
  const inner = tie("text");
  const grouped = fc.tuple(inner, fc.boolean()).map(([one, bare]) => (bare && /^\w+$/.test(one) ? one : `(${one})`));
  const binary = fc.constantFrom("+", "-", "*", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||");
  return {
    text: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.tuple(grouped, binary, grouped).map(([a, op, b]) => `${a} ${op} ${b}`),
      fc.tuple(leaf, binary, leaf, binary, leaf).map((parts) => parts.join(" ")),
      // A divisor of 1 to 8, or of -8 to -1 of a dividend that is not the least of its type.
      fc.tuple(grouped, fc.constantFrom("/", "%"), grouped).map(([a, op, b]) => `${a} ${op} ((${b} & 7) + 1)`),
      fc
        .tuple(grouped, fc.constantFrom("/", "%"), grouped)
        .map(([a, op, b]) => `(s64)(u32)${a} ${op} (-(s64)((${b} & 7) + 1))`),
      fc.tuple(grouped, fc.constantFrom("<<", ">>"), grouped).map(([a, op, n]) => `${a} ${op} (${n} & 31)`),
      fc.tuple(grouped, fc.constantFrom("<<", ">>"), grouped).map(([a, op, n]) => `(u64)${a} ${op} (${n} & 63)`),
      fc.tuple(grouped, fc.constantFrom("<<", ">>"), grouped).map(([a, op, n]) => `(s64)${a} ${op} (${n} & 63)`),
      fc.tuple(fc.constantFrom("-", "~", "!", "+", "- -", "!!", "~-"), grouped).map(([op, a]) => `${op}${a}`),
      fc.tuple(fc.constantFrom(...NAMES), grouped).map(([type, a]) => `(${type})${a}`),
      fc.tuple(grouped, grouped, grouped).map(([a, b, c]) => `${a} ? ${b} : ${c}`),
      fc.tuple(grouped, grouped).map(([a, b]) => `${a} ?: ${b}`),
      fc.tuple(grouped, grouped).map(([a, b]) => `(${a}, ${b})`),
      fc.tuple(grouped).map(([a]) => `sizeof(${a}) + ${a}`),
    ),
  };
});

/** Statements that store, and then everything that was stored. */
const statements = fc.array(
  fc.oneof(
    fc
      .tuple(variable, fc.constantFrom("=", "+=", "-=", "*=", "&=", "|=", "^="), text)
      .map((one) => `${one.join(" ")};`),
    fc.tuple(variable, fc.constantFrom("/=", "%="), text).map(([v, op, b]) => `${v} ${op} (((${b}) & 7) + 1);`),
    fc.tuple(variable, fc.constantFrom("<<=", ">>="), text).map(([v, op, b]) => `${v} ${op} ((${b}) & 7);`),
    fc.tuple(variable, fc.constantFrom("++", "--")).map(([v, op]) => `${v}${op};`),
    // The variable of an increment appears nowhere else in the statement: C leaves the order open.
    fc.constantFrom("v0 = v6++;", "v6 = --v0;", "v7 = v1--;", "v3 = ++v2;", "v8 = v5++;", "v7 = v8++;", "v4 = --v8;"),
  ),
  { minLength: 1, maxLength: 3 },
);

const values = fc.tuple(
  ...VARIABLES.map(() =>
    fc.oneof(
      fc.constantFrom(0n, 1n, -1n, 127n, 128n, 255n, 32_767n, 32_768n, 65_535n),
      fc.constantFrom(2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
  ),
);

interface Case {
  readonly body: string;
}

function asLiteral(value: bigint): string {
  return `(u64)0x${BigInt.asUintN(64, value).toString(16)}`;
}

const cases: fc.Arbitrary<Case> = fc.tuple(values, statements, text).map(([given, lines, result]) => {
  const declared = VARIABLES.map(({ name, type }, i) => `\t${type} ${name} = ${asLiteral(given[i] ?? 0n)};`);
  const sum = VARIABLES.map(({ name }, i) => `${31 ** i}ULL * (u64)${name}`).join(" + ");
  return { body: [...declared, ...lines.map((one) => `\t${one}`), `\treturn (u64)(${result}) ^ (${sum});`].join("\n") };
});

function functionsOf(all: readonly Case[]): string {
  return all.map(({ body }, i) => `u64 f${i}(void)\n{\n${body}\n}\n`).join("\n");
}

function byCompiler(all: readonly Case[], folder: string): readonly string[] {
  const types = Object.entries(TYPES).map(([name, type]) => `typedef ${type} ${name};`);
  const calls = all.map((_, i) => `\tprintf("%llu\\n", f${i}());`);
  const program = `#include <stdio.h>\n${types.join("\n").replace("typedef _Bool bool;", "#define bool _Bool")}\n${functionsOf(all)}\nint main(void)\n{\n${calls.join("\n")}\n\treturn 0;\n}\n`;
  const file = join(folder, "all.c");
  writeFileSync(file, program);
  const flags = ["-std=gnu11", "-O0", "-w", "-fwrapv", "-fno-strict-overflow", "-o", join(folder, "all"), file];
  execFileSync("gcc", flags, { stdio: ["ignore", "ignore", "inherit"] });
  return execFileSync(join(folder, "all"), { encoding: "utf8", maxBuffer: 1e8 }).trim().split("\n");
}

async function byModel(all: readonly Case[]): Promise<readonly string[]> {
  const results: string[] = [];
  // A slice of more than 250 functions is refused.
  for (let from = 0; from < all.length; from += 200) {
    const some = all.slice(from, from + 200);
    const { call } = await model(functionsOf(some));
    for (const i of some.keys()) results.push(`${BigInt.asUintN(64, BigInt(call(`f${i}`) as number | bigint))}`);
  }
  return results;
}

describe.skipIf(!hasCompiler())("random expressions over the kernel's integer types (needs gcc)", () => {
  test.each(Array.from({ length: BATCHES }, (_, i) => i + 1))(
    "batch %i: what gcc computes",
    async (seed) => {
      const folder = mkdtempSync(join(tmpdir(), "groundhog-gcc-"));
      try {
        const all = fc.sample(cases, { numRuns: PER_BATCH, seed });
        const expected = byCompiler(all, folder);
        const actual = await byModel(all);
        expect(actual).toHaveLength(PER_BATCH);
        const different = all.flatMap(({ body }, i) =>
          expected[i] === actual[i] ? [] : [`${body}\n\tgcc: ${expected[i]}, model: ${actual[i]}`],
        );
        expect(different.slice(0, 3)).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );

  test("a difference is seen", async () => {
    const folder = mkdtempSync(join(tmpdir(), "groundhog-gcc-"));
    try {
      const one = { body: "\tu8 x = 255;\n\treturn x + 1;" };
      const other = { body: "\tu8 x = 255;\n\treturn (u8)(x + 1);" };
      expect(byCompiler([one], folder)).toEqual(["256"]);
      expect(await byModel([other])).toEqual(["0"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
