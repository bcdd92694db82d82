/**
 * The same integer expressions through gcc and through the translator: 100,000 that are all different, each on several
 * inputs, with jiffies near their wraps, on machines of 64 and of 32 bits. gcc is told what the kernel's Makefile tells
 * it: signed overflow wraps. GROUNDHOG_EXPRESSIONS=n makes it another number.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { Cases } from "./expressions.ts";
import { PLACES, TYPE_NAMES } from "./integer-places.ts";
import { vectorsOf } from "./integer-vectors.ts";
import {
  blockOf,
  compare,
  type Difference,
  differencesOf,
  functionsOf,
  type Mutation,
  modelResults,
  modelText,
  reportOf,
  shrunk,
} from "./integers-compared.ts";
import { compiledResults, type Machine, missingCompiler } from "./integers-compiled.ts";

const EXPRESSIONS = Number(process.env.GROUNDHOG_EXPRESSIONS ?? 100_000);
const PER_BATCH = 2000;
/** Differences that are looked into; one mistake makes many. */
const SHRUNK = 3;

const MACHINES: readonly Machine[] = [
  { longBits: 64, charIsSigned: false },
  { longBits: 64, charIsSigned: true },
  { longBits: 32, charIsSigned: false },
  { longBits: 32, charIsSigned: true },
];
const MISSING = { 64: missingCompiler(64), 32: missingCompiler(32) };
const seen = new Set<string>();

/** Differences between gcc and the translator in some expressions, as small as they get. */
async function differencesIn(count: number, machine: Machine, seed: number): Promise<readonly string[]> {
  const cases = new Cases(seed, machine.longBits, seen);
  const reports: string[] = [];
  // gcc is still at work on one batch while the next one is translated.
  let before: Promise<readonly Difference[]> = Promise.resolve([]);
  for (let done = 0, batch = 0; done < count && reports.length === 0; batch++) {
    const some = cases.next(Math.min(PER_BATCH, count - done));
    const comparing = compare(some, vectorsOf(batch), machine);
    comparing.catch(() => {});
    reports.push(...(await reportsOf(await before, machine)));
    before = comparing;
    done += some.length;
  }
  return [...reports, ...(await reportsOf(await before, machine))];
}

async function reportsOf(found: readonly Difference[], machine: Machine): Promise<readonly string[]> {
  const reports: string[] = [];
  for (const one of found.slice(0, SHRUNK)) reports.push(reportOf(await shrunk(one, machine), machine));
  return reports;
}

describe("random expressions over the kernel's integer types", () => {
  const each = Math.ceil(EXPRESSIONS / MACHINES.length);
  for (const [i, machine] of MACHINES.entries()) {
    const missing = MISSING[machine.longBits];
    const char = machine.charIsSigned ? "a signed char" : "an unsigned char";
    const name = `${each} on ${machine.longBits} bits with ${char}`;
    test.skipIf(missing !== null)(
      missing === null ? name : `${name} (skipped: ${missing})`,
      async () => {
        const before = seen.size;
        expect(await differencesIn(each, machine, i + 1)).toEqual([]);
        expect(seen.size - before).toBe(each);
      },
      60_000 + 10 * each,
    );
  }
});

test("expressions have all that the kernel's have", () => {
  const text = new Cases(1, 64, new Set())
    .next(4000)
    .map((one) => blockOf(one, 0))
    .join("");
  const operators = "+ - * / % & | ^ << >> < > <= >= == != && || ? ?: = += -= *= /= %= &= |= ^= <<= >>= ++ -- ~ ! ,";
  const orders = ["le16", "le32", "le64", "be16", "be32", "be64"];
  const wanted = [
    ...PLACES.map(({ text: name }) => name),
    ...TYPE_NAMES.flatMap((type) => [`(${type})`, `sizeof(${type})`]),
    ...operators.split(" "),
    ...orders.flatMap((order) => [`cpu_to_${order}(`, `${order}_to_cpu(`]),
    ..."min( max( min_t( max_t( min3( umin( umax( clamp( clamp_t( clamp_val( swap( do_div( likely( WRITE_ONCE(".split(
      " ",
    ),
    ..."time_after( time_before( time_after_eq( time_before_eq( time_in_range( time_in_range_open( HZ".split(" "),
    ..."jiffies jiffies_64 secs_to_jiffies( msecs_to_jiffies( if".split(" "),
  ];
  expect(wanted.filter((one) => !text.includes(one))).toEqual([]);
});

/** A mistake in every place of a model where it can be made: what is searched, and what stands there instead. */
const PLANTED: readonly (readonly [what: string, searched: RegExp, instead: string])[] = [
  ...(
    [
      ["toU8", "toU16"],
      ["toU8", "toS8"],
      ["toS8", "toU8"],
      ["toS8", "toS16"],
      ["toU16", "toS16"],
      ["toU16", "toU32"],
      ["toS16", "toU16"],
      ["toS32", "toU32"],
      ["toS32", "toS64"],
      ["toU32", "toS32"],
      ["toU32", "toU64"],
      ["divU64", "divS64"],
      ["divS64", "divU64"],
      ["modU64", "modS64"],
      ["modS64", "modU64"],
      ["shrU64", "shrS64"],
      ["shrS64", "shrU64"],
      ["ltU64", "ltS64"],
      ["leS64", "leU64"],
      ["add64", "sub64"],
    ] as const
  ).map(([one, other]) => [`${other} for ${one}`, new RegExp(`\\b${one}\\(`, "g"), `integers.${other}(`] as const),
  ...(
    [
      ["mulU32", "mulS32"],
      ["divU32", "divS32"],
      ["modS32", "modU32"],
      ["shrU32", "shrS32"],
      ["shrS32", "shrU32"],
      ["shlU32", "shlS32"],
    ] as const
  ).map(([one, other]) => [`${other} for ${one}`, new RegExp(`\\b${one}\\(`, "g"), `integers32.${other}(`] as const),
  ["a sum of int that does not wrap", / \| 0\b/g, ""],
  ["a sum of unsigned int that does not wrap", / >>> 0\b/g, ""],
  ["a minimum for a maximum", /\bMath\.max\(/g, "Math.min("],
  ["the order of bytes", /\bcpu_to_be(\d+)\(/g, "integers.toU$1("],
  ["a bit-field that is one bit wider", / & 127\) >>> 0/g, " & 255) >>> 0"],
  ["a bit-field without its sign", / << 24\) >> 24/g, " << 24) >>> 24"],
  ["comparisons of jiffies in the other width", /jiffiesComparisons\(64\)/g, "jiffiesComparisons(32)"],
];

const WHOLE_INTEGERS = ["integers", "integers32"].map(
  (name) => `import * as ${name} from "../../tools/simulator/${name}.ts";\n`,
);

function planted(searched: RegExp, instead: string): Mutation {
  return (text) => `${WHOLE_INTEGERS.join("")}${text.replace(searched, instead)}`;
}

const unable = MISSING[64] === null ? "" : ` (skipped: ${MISSING[64]})`;

describe.skipIf(MISSING[64] !== null)(`a mistake that is planted in a model is found${unable}`, () => {
  const machine: Machine = { longBits: 64, charIsSigned: true };
  const cases = new Cases(99, 64, new Set()).next(800);
  const functions = functionsOf(cases);
  const vectors = vectorsOf(3);
  let text = "";
  let compiled: BigInt64Array = new BigInt64Array();

  beforeAll(async () => {
    text = modelText(functions, machine);
    compiled = await compiledResults(functions, vectors, machine);
  });

  test("none where none is planted", () => {
    expect(differencesOf(cases, vectors, compiled, modelResults(text, functions, vectors, machine))).toEqual([]);
  });

  test.each(PLANTED)("%s", (_, searched, instead) => {
    const mutated = planted(searched, instead)(text);
    expect(mutated).not.toBe(planted(/$^/, "")(text));
    expect(differencesOf(cases, vectors, compiled, modelResults(mutated, functions, vectors, machine))).not.toEqual([]);
  });

  test("and made small, with its text, its inputs and both values", async () => {
    const mutation = planted(/\btoU16\(/g, "integers.toS16(");
    const [found] = await compare(cases.slice(0, 200), vectors, machine, mutation);
    if (found === undefined) throw new Error("no difference");
    const least = await shrunk(found, machine, mutation);
    const report = reportOf(least, machine);
    expect(report).toMatch(/out\[0\] = .*given\[15\] = .*\ngcc: {3}.*\nmodel: /s);
    expect(blockOf(least.one, 0).length).toBeLessThanOrEqual(blockOf(found.one, 0).length);
    expect(blockOf(least.one, 0).split("\n").length).toBeLessThan(9);
  });
});
