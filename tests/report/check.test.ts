import { describe, expect, test } from "vitest";
import type { EchoCheck } from "../../kernel-models/cifs-echo/figure-types.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { toldFigures } from "../../tools/cli/check.ts";
import { type CheckReport, checkDocument, checkText, systemTable } from "../../tools/report/check.ts";
import { PLAIN } from "../../tools/report/scan-text.ts";
import { checkSchema } from "./echo-schemas.ts";

const names = { hz: 250, echoIntervalSeconds: 60, rttSeconds: 0.004 };
const RESULT: EchoCheck = {
  verdict: "violated",
  properties: [
    { name: "healthy-server-kept", kind: "safety", verdict: "violated", violation: null, detail: "it was not kept" },
    { name: "dead-server-noticed", kind: "progress", verdict: "holds", violation: null, detail: "it was noticed" },
  ],
  figures: {
    wheel: "levels",
    timeoutIntervals: 2,
    windows: [
      { ...names, fromSeconds: 2.44, toSeconds: 2.88, share: 0.00716 },
      { ...names, rttSeconds: 0.5, fromSeconds: 1.944, toSeconds: 2.88, share: 0.01523 },
    ],
    worstShare: 0.01523,
    detection: [
      { ...names, bestSeconds: 60.4, worstSeconds: 121.86, afterEchoSeconds: 121.87, worstAfterRequestSeconds: null },
    ],
    idleEchoesPerHour: 58.59,
    busyEchoesPerHour: 14.5,
    fixedIntervalSeconds: null,
    idleDeaths: [],
    idle: [
      {
        ...names,
        periodSeconds: 61.44,
        periodWhenSendingTakes2Seconds: 63.49,
        echoesPerHour: 58.59,
        longestSilenceSeconds: 120.22,
        marginSeconds: 59.78,
      },
    ],
    reproduce: "Mount it, and touch it.",
  },
  bounds: ["one combination"],
  reasons: ["null-pointer: something \u001b[31mred"],
};
const REPORT: CheckReport = {
  system: { name: "cifs-echo", title: "SMB echo" },
  kernel: { id: "sample@5", version: "0.1.0" },
  candidate: null,
  isReplay: false,
  result: RESULT,
  figures: toldFigures(cifsEcho, RESULT.figures, "kernel/time/timer.c"),
  columns: cifsEcho.figures.columns,
  unmodelled: [{ file: "fs/cifs/connect.c", line: 7, what: "call of frobnicate()" }],
  model: { sha256: "0123456789abcdef", functions: ["a", "b"], files: [], timersFrom: "kernel/time/timer.c", notes: [] },
  validation: null,
  witnesses: new Map([
    ["healthy-server-kept", { path: "out/w.json", replay: "groundhog check x", timeline: "time event\n1.00 it\n" }],
  ]),
};

describe("the result of a check", () => {
  test("as text: verdict, properties with witness and command, table, what is not modelled, bounds", () => {
    const text = checkText(REPORT, PLAIN);
    expect(text).toMatch(/^sample@5, Linux 0\.1\.0: SMB echo \(cifs-echo\): violated$/m);
    expect(text).toMatch(/^healthy-server-kept \(safety\): violated: it was not kept$/m);
    expect(text).toMatch(/^ {2}witness: out\/w\.json\n {2}replay: {2}groundhog check x$/m);
    expect(text).toMatch(/^250 +60 +61\.44 +2\.44-2\.88 +0\.72% +1\.52% at 0\.5 s +59\.78 +60\.40 +121\.86$/m);
    expect(text).toMatch(/^ {2}fs\/cifs\/connect\.c:7: call of frobnicate\(\)$/m);
    expect(text).toMatch(/^ {2}one combination$/m);
    expect(text).toContain(
      "gives up after 2 echo intervals; 58.59 echoes an hour on an idle mount, 14.5 on a busy one",
    );
    expect(text).not.toContain("\u001b");
  });

  test("as JSON: the declared shape, the figures as they are", () => {
    const document = checkDocument(REPORT);
    expect(checkSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(document.properties[0]?.witness).toBe("out/w.json");
    expect(document.properties[1]?.witness).toBeNull();
    expect(document.figures).toEqual(RESULT.figures);
    expect(checkSchema.safeParse({ ...document, verdict: "maybe" }).success).toBe(false);
  });

  test("as a row of the table of systems", () => {
    expect(systemTable([REPORT], PLAIN)).toMatch(/^cifs-echo +violated +1\.52% +59\.78 s +121\.86 s +58\.59$/m);
  });

  test("systems that measure different things share a table, in which figures have their names", () => {
    const other: CheckReport = {
      ...REPORT,
      system: { name: "door", title: "Door" },
      columns: ["doors", "open"],
      figures: null,
    };
    const [head, first, second, ...rest] = systemTable([REPORT, other], PLAIN).split("\n");
    expect(head).toMatch(/^system +verdict +figures$/);
    expect(first).toMatch(/^cifs-echo +violated +worst share 1\.52%; least margin 59\.78 s; .*58\.59$/);
    expect(second).toMatch(/^door +violated +doors -; open -$/);
    expect(rest).toEqual([]);
  });
});
