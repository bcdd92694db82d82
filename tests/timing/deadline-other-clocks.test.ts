/** Deadlines by operators, by ktime and by timespec64. */
import { describe, expect, test } from "vitest";
import { factIn, factsIn } from "./memory-source.ts";

const STRUCTS = `
struct timespec64 { long long tv_sec; long tv_nsec; };
struct cache { unsigned long lstrp; long long expiry; long long start; struct timespec64 etime; unsigned long lifetime; };
`;

function inFunction(condition: string, before = ""): string {
  return `${STRUCTS}\nint watch(struct cache *cache)\n{\n${before}\tif (${condition})\n\t\treturn 1;\n\treturn 0;\n}\n`;
}

describe("open-coded", () => {
  test.each([
    ["(long)(jiffies - cache->lstrp) >= 0", "after-or-at", 0],
    ["(long)(cache->lstrp - jiffies) < 0", "after", 0],
    ["(long)jiffies - (long)cache->lstrp > 0", "after", 0],
    ["0 <= (long)(jiffies - cache->lstrp)", "after-or-at", 0],
    ["jiffies - cache->lstrp > 5 * HZ", "after", 5],
    ["jiffies > cache->lstrp + 5 * HZ", "after", 5],
    ["cache->lstrp + 5 * HZ < jiffies", "after", 5],
    ["jiffies - cache->lstrp <= HZ / 2", "before-or-at", 0.5],
    ["(u32)(tcp_jiffies32 - cache->lstrp) > HZ", "after", 1],
  ])("%s", async (condition, relation, seconds) => {
    const fact = await factIn("deadline", inFunction(condition));
    expect([fact.primitive, fact.relation, fact.offset.seconds]).toEqual(["open-coded", relation, seconds]);
    expect(fact.timestamp).toEqual({ expression: "cache->lstrp", struct: "cache", field: "lstrp" });
    expect(fact.clock).toMatch(/jiffies/);
  });

  test.each([
    ["ktime_get_real_seconds() > cache->expiry", "ktime_get_real_seconds()", "s", "after"],
    ["cache->expiry < ktime_get_real_seconds()", "ktime_get_real_seconds()", "s", "after"],
    ["get_seconds() >= cache->expiry", "get_seconds()", "s", "after-or-at"],
    ["ktime_get_ns() < cache->expiry", "ktime_get_ns()", "ns", "before"],
  ])("%s", async (condition, clock, unit, relation) => {
    const fact = await factIn("deadline", inFunction(condition));
    expect([fact.clock, fact.offset.unit, fact.relation, fact.timestamp?.field]).toEqual([
      clock,
      unit,
      relation,
      "expiry",
    ]);
  });

  test("seconds have a length without HZ", async () => {
    const fact = await factIn("deadline", inFunction("ktime_get_seconds() - cache->start > 2 * 3600"));
    expect([fact.offset.seconds, fact.offset.text]).toEqual([7200, "7200 s"]);
  });

  test("a copy of the clock and a difference kept in a local count", async () => {
    const copy = await factIn(
      "deadline",
      inFunction("now > cache->expiry", "\tlong long now = ktime_get_seconds();\n"),
    );
    expect([copy.clock, copy.relation, copy.timestamp?.field]).toEqual(["ktime_get_seconds()", "after", "expiry"]);
    const before = "\tunsigned long age = jiffies - cache->lstrp;\n";
    const age = await factIn("deadline", inFunction("age > 30 * HZ", before));
    expect([age.clock, age.relation, age.timestamp?.field, age.offset.seconds]).toEqual([
      "jiffies",
      "after",
      "lstrp",
      30,
    ]);
  });

  test.each([
    ["jiffies_to_msecs(jiffies - cache->lstrp) > 5000", "lstrp", 5],
    ["ktime_ms_delta(ktime_get(), cache->start) > 250", "start", 0.25],
    ["ktime_us_delta(ktime_get(), cache->start) >= 100", "start", 0.0001],
    ["ktime_to_ms(ktime_sub(ktime_get(), cache->start)) > 500", "start", 0.5],
  ])("%s: a difference that is converted is still one", async (condition, field, seconds) => {
    const fact = await factIn("deadline", inFunction(condition));
    expect([fact.timestamp?.field, fact.offset.seconds]).toEqual([field, seconds]);
  });

  test.each(["jiffies % 2 > 0", "cache->lstrp != jiffies", "seed(jiffies) > 3", "min(jiffies, cache->lstrp) > 7"])(
    "%s is no deadline",
    async (condition) => {
      expect(await factsIn("deadline", inFunction(condition))).toEqual([]);
    },
  );
});

describe("ktime and timespec64", () => {
  test.each([
    ["timespec64_compare(&now, &cache->etime) >= 0", "after-or-at"],
    ["timespec64_compare(&now, &cache->etime) > 0", "after"],
    ["timespec64_compare(&cache->etime, &now) > 0", "before"],
    ["timespec64_compare(&now, &cache->etime) < 0", "before"],
    ["0 < timespec64_compare(&now, &cache->etime)", "after"],
    ["0 >= timespec64_compare(&now, &cache->etime)", "before-or-at"],
  ])("%s", async (condition, relation) => {
    const before = "\tstruct timespec64 now;\n\tktime_get_coarse_real_ts64(&now);\n";
    const fact = await factIn("deadline", inFunction(condition, before));
    expect([fact.clock, fact.relation]).toEqual(["ktime_get_coarse_real_ts64()", relation]);
    expect(fact.timestamp).toEqual({ expression: "cache->etime", struct: "cache", field: "etime" });
  });

  test("ktime_compare with the clock itself", async () => {
    const fact = await factIn("deadline", inFunction("ktime_compare(ktime_get(), cache->expiry) < 0"));
    expect([fact.clock, fact.relation, fact.timestamp?.field]).toEqual(["ktime_get()", "before", "expiry"]);
  });

  test("a test for equality is no deadline", async () => {
    expect(await factsIn("deadline", inFunction("ktime_compare(ktime_get(), cache->expiry) == 0"))).toEqual([]);
  });

  test.each([
    ["ktime_after(ktime_get(), ktime_add_ms(cache->start, 500))", 0.5],
    ["ktime_after(ktime_get(), ktime_add_us(cache->start, 500))", 0.0005],
    ["ktime_after(ktime_get(), ktime_add_ns(cache->start, NSEC_PER_SEC))", 1],
    ["ktime_after(ktime_get(), ktime_add(cache->start, ms_to_ktime(20)))", 0.02],
    ["ktime_after(ktime_get(), cache->start + 3 * NSEC_PER_SEC)", 3],
  ])("%s", async (condition, seconds) => {
    const fact = await factIn("deadline", inFunction(condition));
    expect([fact.timestamp?.expression, fact.offset.seconds]).toEqual(["cache->start", seconds]);
  });
});
