/** Which options are on, by default and by a .config. */
import { describe, expect, test } from "vitest";
import { everythingEnabled, fromDotConfig } from "../../tools/c/configuration.ts";
import { InputError } from "../../tools/kernel/input-error.ts";

describe("everything enabled", () => {
  const all = everythingEnabled();

  test("options are built in, not modules", () => {
    expect(all.isDefined("CONFIG_CIFS")).toBe(true);
    expect(all.isDefined("CONFIG_CIFS_MODULE")).toBe(false);
    expect(all.valueOf("CONFIG_CIFS")).toBe(1n);
    expect(all.valueOf("CONFIG_CIFS_MODULE")).toBe(0n);
  });

  test.each([
    "__ASSEMBLY__",
    "__cplusplus",
    "__CHECKER__",
    "__BIG_ENDIAN",
    "MODULE",
    "__i386__",
    "NOT_YET",
    "ARCH_HAS_X",
  ])("%s is off in such a kernel", (name) => {
    expect(all.isDefined(name)).toBe(false);
  });

  test("other names are on, and a few have their value", () => {
    expect(all.isDefined("FANCY_FEATURE")).toBe(true);
    expect(all.valueOf("BITS_PER_LONG")).toBe(64n);
    expect(all.description).toContain("everything enabled");
  });
});

describe(".config", () => {
  const text = [
    "# Automatically generated",
    "",
    "CONFIG_A=y",
    "CONFIG_M=m",
    "CONFIG_N=n",
    "# CONFIG_OFF is not set",
    "CONFIG_HZ=1000",
    "CONFIG_BASE=0xff",
    'CONFIG_NAME="text = with \\" and #"',
    "CONFIG_NEGATIVE=-1",
    "CONFIG_EMPTY=",
  ].join("\n");
  const config = fromDotConfig(text, "my.config");

  test("y, m, n and absent", () => {
    expect(
      ["CONFIG_A", "CONFIG_M", "CONFIG_N", "CONFIG_OFF", "CONFIG_ABSENT"].map((name) => config.isDefined(name)),
    ).toEqual([true, false, false, false, false]);
    expect(["CONFIG_A_MODULE", "CONFIG_M_MODULE", "CONFIG_N_MODULE"].map((name) => config.isDefined(name))).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("numbers and strings", () => {
    expect(config.valueOf("CONFIG_HZ")).toBe(1000n);
    expect(config.valueOf("HZ")).toBe(1000n);
    expect(config.valueOf("CONFIG_BASE")).toBe(255n);
    expect(config.isDefined("CONFIG_NAME")).toBe(true);
    expect(config.valueOf("CONFIG_OFF")).toBe(0n);
  });

  test("negative numbers", () => {
    expect(config.valueOf("CONFIG_NEGATIVE")).toBe(-1n);
  });

  test("it says where it comes from", () => {
    expect(config.description).toBe("my.config (8 options)");
  });

  test("CR LF and blanks around lines do no harm", () => {
    const other = fromDotConfig("CONFIG_A=y\r\n  CONFIG_M=m  \r\n", "x");
    expect(other.isDefined("CONFIG_A")).toBe(true);
    expect(other.isDefined("CONFIG_M_MODULE")).toBe(true);
  });

  test.each([
    ["a line that is no setting", "CONFIG_A=y\nhello world\n", /line 2/],
    ["a setting without CONFIG_", "A=y\n", /line 1/],
    ["a line of a megabyte", `CONFIG_A=y\nCONFIG_B=${"x".repeat(1_000_000)}\n`, /line 2/],
    ["an empty file", "", /no CONFIG_ settings/],
    ["a file of comments", "# CONFIG_A is not set\n", /no CONFIG_ settings/],
    ["an archive", "\u001f\u008b\u0008\u0000", /line 1/],
  ])("%s is refused in one line", (_, bad, message) => {
    const read = (): unknown => fromDotConfig(bad, "my.config");
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });

  test("a CONFIG_HZ that is no number does not throw when HZ is asked for", () => {
    const odd = fromDotConfig("CONFIG_HZ=fast\n", "x");
    expect(() => odd.valueOf("HZ")).not.toThrow();
  });
});
