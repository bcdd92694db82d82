/** Lines of kernel logs and the calls that print them: formats as kernels have them, and logs as attackers write them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_LINE, readKernelLog } from "../../tools/timing/kernel-log.ts";
import { type PrintSite, printSites } from "../../tools/timing/print-sites.ts";
import { programOf } from "../c/fixtures.ts";

const OWN = /^cifs_dbg$/;

function sitesIn(text: string, names: readonly string[] = ["f"]): readonly PrintSite[] {
  const program = programOf(text);
  const [file] = program.files;
  return printSites(
    program,
    names.map((name) => ({ name, file: file?.path ?? "" })),
    OWN,
  );
}

function site(format: string, line = 1): PrintSite {
  return { file: "a.c", line, function: "f", format };
}

function linesOf(log: string | Buffer, ...sites: PrintSite[]) {
  return readKernelLog(Buffer.from(log as string), sites).matches;
}

describe("print calls", () => {
  test.each([
    ['printk(KERN_ERR "one %d\\n", i);', "one %d\n"],
    ['cifs_dbg(VFS, "two %s "\n\t\t"halves\\n", s);', "two %s halves\n"],
    ['pr_warn_ratelimited("%llu" PRIx " of " "it", x);', "%llu%s of it"],
    ['printk("<7>old style\\n");', "old style\n"],
    ['net_warn_ratelimited("\\"quoted\\" \\\\ 100%%\\n");', '"quoted" \\ 100%%\n'],
    ['cifs_dbg(FYI, ("in more brackets %d", a));', "in more brackets %d"],
  ])("%s", (call, format) => {
    const text = `void f(void)\n{\n\t${call}\n}\n`;
    expect(sitesIn(text)).toEqual([expect.objectContaining({ format, line: 3, function: "f" })]);
  });

  test("only of the functions that are asked for, and with a format that is there", () => {
    const text =
      'void f(void)\n{\n\tprintk(text);\n\tsnprintf(b, 9, "no print");\n}\nvoid g(void)\n{\n\tprintk("g\\n");\n}\n';
    expect(sitesIn(text)).toEqual([]);
    expect(sitesIn(text, ["g"])).toHaveLength(1);
  });
});

describe("lines", () => {
  const SILENT = site("Server %s is silent for %lu seconds, reconnecting\n", 7);

  test.each([
    ["[  100.123456] CIFS VFS: Server nas is silent for 120 seconds, reconnecting", 100.123456],
    ["Jan  1 00:00:00 host kernel: [100.5] Server a b is silent for 9 seconds, reconnecting", 100.5],
    ["<3>[    5.000001][  T412] Server \\\\x is silent for 0 seconds, reconnecting\r", 5.000001],
    ["Server is is silent for 1 seconds, reconnecting", null],
  ])("%s", (text, stampSeconds) => {
    const [line] = linesOf(`[ 1.0] else\n${text}\n`, SILENT);
    expect(line).toMatchObject({ number: 2, stampSeconds, sites: [SILENT] });
  });

  test.each([
    "Server nas is silent for many seconds, reconnecting",
    "Server nas is silent for 120 seconds, reconnecting no more",
    "Server nas is silent for 120 seconds",
    "",
  ])("not %j", (text) => expect(linesOf(text, SILENT)).toEqual([]));

  test("formats with little text of their own fit nothing", () => {
    expect(linesOf("nas: -5\n", site("%s: %d\n"), site("rc %d"))).toEqual([]);
  });

  test("the call with the most text of its own, or all that are alike", () => {
    const all = [
      site("connection to %s\n", 1),
      site("No connection to %s: %d\n", 2),
      site("No connection to %s: %d", 3),
    ];
    expect(linesOf("No connection to nas: -115\n", ...all)[0]?.sites.map(({ line }) => line)).toEqual([2, 3]);
  });

  test("conversions with letters behind them, with widths, and in a row", () => {
    expect(linesOf("waits 15ms for it", site("waits %dms for it"))).toHaveLength(1);
    expect(linesOf("address 10.0.0.1:445 taken", site("address %pISpc taken"))).toHaveLength(1);
    expect(linesOf("state 0x1f of   7 tries", site("state 0x%04x of %*d tries"))).toHaveLength(1);
    expect(linesOf("timeout abc100% done", site("timeout %s%d%% done"))).toHaveLength(1);
  });

  test("every line of a call with several", () => {
    expect(linesOf("second half of it", site("first half of it\nsecond half of it\n"))).toHaveLength(1);
  });
});

describe("hostile logs", () => {
  const WIDE = site("%s wants %s and %s for %d of %s: finished\n");

  test("control characters and bytes that are no ASCII become question marks", () => {
    const [line] = linesOf("\u001b[31mevil\u0000\u202e wants b\u0007 and c for 4 of 5: finished", WIDE);
    expect(line?.text).toMatch(/^[\x20-\x7e]+$/);
  });

  test("a line without an end is cut, and one of repetitions takes no longer than others", () => {
    const begun = performance.now();
    const evil = `${" wants  and  for ".repeat(300_000)}\n`;
    expect(linesOf(evil + evil, WIDE, SILENT_OF_MANY)).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(5_000);
    const long = `x wants y and z for 1 of 2: finished${" ".repeat(MAX_LINE)}tail\n`;
    expect(linesOf(long, WIDE)[0]?.text.length).toBeLessThanOrEqual(MAX_LINE + 10);
  });

  const SILENT_OF_MANY = site(`${"%d and ".repeat(30)}no more\n`);

  test("ten million newlines", () => {
    expect(readKernelLog(Buffer.alloc(10_000_000, 10), [WIDE])).toEqual({
      lines: 10_000_000,
      matches: [],
      matchesLeftOut: 0,
    });
  });

  test("any bytes and any format", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.string({ maxLength: 40 }), (bytes, format) => {
        for (const { text } of linesOf(Buffer.from(bytes), site(format))) expect(text).toMatch(/^[\x20-\x7e]*$/);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
