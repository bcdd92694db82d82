/** Integers of C: widths, signs, promotions, conversions, constants. */
import { describe, expect, test } from "vitest";
import { model } from "./harness.ts";

/** One function `f` whose body is given, and its result. */
async function run(body: string, longBits: 32 | 64 = 64): Promise<unknown> {
  return (await model(`long long f(void)\n{\n${body}\n}\n`, { longBits })).call("f");
}

describe("what an integer of each width holds", () => {
  test.each([
    ["s8", 0x80, -128],
    ["s8", -129, 127],
    ["u8", 256, 0],
    ["u8", -1, 255],
    ["s16", 0x8000, -32768],
    ["u16", 65_536, 0],
    ["u16", -1, 65_535],
    ["s32", 0x8000_0000, -0x8000_0000],
    ["u32", -1, 0xffff_ffff],
    ["u32", 0x1_0000_0001, 1],
    ["s64", -1, -1],
    ["bool", 256, 1],
    ["bool", 0, 0],
    ["signed char", 200, -56],
    ["unsigned short", -2, 65_534],
    ["unsigned", -1, 0xffff_ffff],
    ["__le16", 65_537, 1],
  ])("%s x = %i", async (type, from, expected) => {
    expect(await run(`${type} x = ${from}LL;\nreturn x;`)).toBe(expected);
    expect(await run(`s64 y = ${from}LL;\n${type} x = y;\nreturn x;`)).toBe(expected);
    expect(await run(`s64 y = ${from}LL;\nreturn (${type})y;`)).toBe(expected);
  });

  test.each([
    [32, "unsigned long", 0xffff_ffff],
    [64, "unsigned long", -1],
    [32, "long", -1],
    [64, "size_t", -1],
    [32, "size_t", 0xffff_ffff],
  ] as const)("with %i bits, %s x = -1", async (bits, type, expected) => {
    // As a 64-bit value, all ones are the residue -1.
    expect(await run(`${type} x = -1;\nreturn x;`, bits)).toBe(expected);
  });

  test.each([
    ["int", "2147483647", "x + 1", -2_147_483_648],
    ["unsigned int", "0", "x - 1", 4_294_967_295],
    ["unsigned int", "65536", "x * x", 0],
    ["int", "65536", "x * x", 0],
    ["int", "-7", "x / 2", -3],
    ["int", "-7", "x % 2", -1],
    ["int", "-7", "x >> 1", -4],
    ["unsigned int", "-7", "x >> 1", 2_147_483_644],
    ["u8", "200", "x + 100", 300],
    ["u8", "200", "(u8)(x + 100)", 44],
    ["u8", "200", "~x", -201],
    ["u8", "0", "~x == -1", 1],
    ["u16", "1", "-x", -1],
    ["u32", "1", "-x", 4_294_967_295],
    ["u8", "255", "x << 8", 65_280],
    ["u8", "1", "x - 2 < 0", 1],
    ["u32", "1", "x - 2 < 0", 0],
    ["u32", "1", "x > -1", 0],
    ["u16", "1", "x > -1", 1],
    ["s64", "-1", "x < 1U", 1],
    ["s64", "-1", "x < 1ULL", 0],
    ["int", "-1", "x == 0xffffffff", 1],
    ["int", "-1", "x == 0xffffffffLL", 0],
    ["u64", "0xffffffffffffffff", "x / 2 == 0x7fffffffffffffff", 1],
    ["u64", "0xffffffffffffffff", "x % 10", 5],
    ["s64", "0x7fffffffffffffff", "x + 1 < 0", 1],
    ["u64", "0x8000000000000000", "x > 1", 1],
    ["s64", "-9223372036854775807LL - 1", "x >> 63", -1],
    ["u64", "1", "x << 63 == 0x8000000000000000ULL", 1],
    ["bool", "3", "x + x", 2],
    ["bool", "3", "-x", -1],
    ["bool", "0", "!x + !x", 2],
    ["int", "5", "(x > 3) + (x > 4)", 2],
    ["int", "5", "(x > 3) << 3", 8],
    ["int", "5", "x & 4 && x & 2", 0],
    ["int", "6", "1 ? x : -1", 6],
    ["int", "-1", "(1 ? x : 0u) > 0", 1],
    ["int", "-1", "(1 ? x : 0) > 0", 0],
    ["char", "200", "x", -56],
  ])("%s x = %s; %s", async (type, start, text, expected) => {
    expect(await run(`${type} x = ${start};\nreturn ${text};`)).toBe(expected);
  });
});

describe("char", () => {
  test("has a sign before 6.2, and none since: KBUILD_CFLAGS has -funsigned-char", async () => {
    const text = "int f(void)\n{\nchar x = 200;\nreturn x;\n}\n";
    expect((await model(text, { version: "6.1.5" })).call("f")).toBe(-56);
    expect((await model(text, { version: "6.2.0" })).call("f")).toBe(200);
    expect((await model(text, { version: "7.0" })).call("f")).toBe(200);
    expect((await model(text, { version: null })).call("f")).toBe(200);
  });

  test("'\\xff' and bytes of strings follow", async () => {
    const text = `int f(void)\n{\nchar *s = "\\xff";\nreturn s[0] == '\\xff' ? s[0] : 0;\n}\n`;
    expect((await model(text, { version: "6.1" })).call("f")).toBe(-1);
    expect((await model(text, { version: "6.6" })).call("f")).toBe(255);
  });
});

describe("stores narrow, and their value is what was stored", () => {
  test.each([
    ["u8 x = 250;\nx += 10;\nreturn x;", 4],
    ["u8 x = 250;\nreturn x += 10;", 4],
    ["s8 x = 127;\nx++;\nreturn x;", -128],
    ["s8 x = 127;\nreturn x++;", 127],
    ["s8 x = 127;\nreturn ++x;", -128],
    ["u8 x = 0;\nreturn x--;", 0],
    ["u8 x = 0;\nreturn --x;", 255],
    ["u8 x;\nint y;\ny = x = 300;\nreturn y;", 44],
    ["u16 x = 1;\nx <<= 15;\nx <<= 1;\nreturn x;", 0],
    ["int x = -8;\nx >>= 1;\nreturn x;", -4],
    ["int x = 7;\nx %= 4;\nx *= 3;\nx -= 1;\nx /= 2;\nx |= 8;\nx ^= 1;\nx &= ~2;\nreturn x;", 13],
    ["bool x = true;\nx++;\nreturn x;", 1],
    ["bool x = true;\nreturn x++;", 1],
    ["bool x = false;\nx |= 4;\nreturn x;", 1],
    ["u64 x = 0;\nx--;\nreturn x == ~0ULL;", 1],
    ["u64 x = 0;\nreturn x-- == 0 && x == ~0ULL;", 1],
    ["int x = 10;\nx -= 3u;\nreturn x;", 7],
  ])("%s", async (body, expected) => expect(await run(body)).toBe(expected));
});

describe("a bit-field of a type of 64 bits", () => {
  test.each([
    ["u64 f : 20", "x.f = 0xfffffffffffffff3; return x.f;", 0xffff3],
    ["u64 f : 20", "x.f = 1; x.f -= 2; return x.f;", 0xfffff],
    ["u64 f : 20", "x.f = 0xfffff; return -x.f;", -0xfffff],
    ["s64 f : 11", "x.f = 0x7000000000000400; return x.f;", -1024],
    ["unsigned long f : 31", "x.f = ~0UL; x.f++; return x.f;", 0],
    ["u64 f : 32", "x.f = ~0ULL; return x.f + 1;", 0],
    ["u64 f : 32", "x.f = ~0ULL; return x.f;", 0xffff_ffff],
  ])("%s; %s", async (member, body, expected) => {
    const { call } = await model(`struct x { ${member}; };\nstatic struct x x;\nlong long f(void)\n{\n${body}\n}\n`);
    expect(call("f")).toBe(expected);
  });
});

describe("macros in the types of their arguments", () => {
  test.each([
    // do_div() has a base of 32 bits, and looks at it once.
    ["u64 n = 100;\nu32 b = 6;\nu32 rest = do_div(n, b++);\nreturn n * 1000 + rest * 10 + b;", 16_047],
    ["u64 n = 100;\ndo_div(n, 0x100000007ULL);\nreturn n;", 14],
    // umin() widens int as unsigned int, whatever the width of long is.
    ["int x = -1;\nreturn umin(x, 0x1ffffffffULL);", 0xffff_ffff],
    ["int x = -1;\nreturn umax(x, 1);", 0xffff_ffff],
    ["u8 x = 250;\nreturn clamp_val(x, 3, 300);", 44],
    ["int x = 250;\nreturn clamp_val(x, 3, 300);", 250],
    ["int x = 5;\nreturn clamp_val(x, -1U, 100);", 5],
  ])("%s", async (body, expected) => {
    expect(await run(body, 64)).toBe(expected);
    expect(await run(body, 32)).toBe(expected);
  });

  test.each([
    [64, -250],
    [32, 0x1_0000_0000 - 250],
  ] as const)("secs_to_jiffies() of a negative number, long of %i bits", async (bits, expected) => {
    expect(await run("int x = -1;\nreturn secs_to_jiffies(x);", bits)).toBe(expected);
    expect(await run("u32 x = 0x80000000;\nreturn secs_to_jiffies(x);", bits)).toBe(0);
  });
});

describe("constants", () => {
  test.each([
    ["010", 8],
    ["0x10", 16],
    ["0b101", 5],
    ["4294967296 / 2", 2_147_483_648],
    ["2147483648 > 0", 1],
    ["-2147483648 < 0", 1],
    ["0x80000000 > 0", 1],
    ["-0x80000000 > 0", 1],
    ["-1 > 0u", 1],
    ["0xffffffff + 1", 0],
    ["0xffffffffL + 1", 4_294_967_296],
    ["1 << 31 < 0", 1],
    ["~0U >> 1", 2_147_483_647],
    ["~0UL == 0xffffffffffffffff", 1],
    ["'a' + '\\n' + '\\0' + '\\''", 97 + 10 + 39],
    ["sizeof(int) * -1 > 0", 1],
    ["MINUS + 0", -2],
    ["MINUS < 0", 1],
    ["NEXT", -1],
    ["BIG > 0", 1],
    ["BIG == 0x80000000", 1],
    ["HUGE == 0x100000000", 1],
    ["INT_MAX + 1 < 0", 1],
  ])("%s", async (text, expected) => {
    const enums = "enum e { MINUS = -2, NEXT };\nenum big { BIG = 0x80000000 };\nenum huge { HUGE = 0x100000000 };\n";
    const instance = await model(`${enums}long long f(void)\n{\nreturn ${text};\n}\n`);
    expect(instance.call("f")).toBe(expected);
  });

  test("a variable of enum type is unsigned unless an enumerator is negative", async () => {
    const text = `
      enum plain { A, B };
      enum minus { C = -1, D };
      typedef enum { E, F } named_t;
      int plain(enum plain x) { return x - 1 < 0; }
      int minus(enum minus x) { return x - 1 < 0; }
      int named(named_t x) { return x - 1 < 0; }
      int chosen(enum minus x) { switch (x) { case C: return 5; case D: return 6; default: return 7; } }
    `;
    const { call } = await model(text);
    expect([call("plain", 0), call("minus", 0), call("named", 0)]).toEqual([0, 1, 0]);
    expect([call("chosen", -1), call("chosen", 0), call("chosen", 2)]).toEqual([5, 6, 7]);
  });
});

describe("time", () => {
  const text = `
    unsigned long soon(unsigned int seconds) { return jiffies + seconds * HZ; }
    int late(unsigned long deadline) { return time_after(jiffies, deadline); }
    int half(void) { return HZ / 2; }
    long left(unsigned long deadline) { return deadline - jiffies; }
    unsigned long ms(void) { return msecs_to_jiffies(20); }
    int secs(void) { return secs_to_jiffies(3); }
  `;

  test.each([32, 64] as const)("deadlines around the wrap of jiffies, long of %i bits", async (longBits) => {
    const hz = 250;
    // Two ticks before jiffies wrap.
    const startTick = longBits === 32 ? 2 ** 32 - 2 : -2;
    const { call, kernel } = await model(text, { longBits }, {}, { hz, longBits, startTick });
    expect(call("soon", 1)).toBe(248);
    expect(call("late", 248)).toBe(0);
    expect(call("left", 248)).toBe(250);
    for (const ticks of [250, 251]) kernel.at(startTick + ticks, () => {});
    kernel.run({ untilTick: startTick + 250 });
    expect([call("late", 248), call("left", 248)]).toEqual([0, 0]);
    kernel.run({ untilTick: startTick + 251 });
    expect([call("late", 248), call("left", 248)]).toEqual([1, -1]);
  });

  test("HZ and conversions", async () => {
    const { call } = await model(text, {}, {}, { hz: 250 });
    expect([call("half"), call("ms"), call("secs")]).toEqual([125, 5, 750]);
  });
});
