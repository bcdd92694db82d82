/** The result of `check`: text for the terminal, a JSON document. */
import type { CheckResult, Figures, Verdict } from "../check/verdict.ts";
import type { ValidationReport } from "../native/validation-report.ts";
import { plainTable } from "./plain-table.ts";
import type { Paint } from "./scan-text.ts";
import type { CheckDocument } from "./schema.ts";
import { validationDocument, validationLine, validationLines } from "./validation.ts";
import { printable } from "./words.ts";

/** What there is to say of one system. */
export interface CheckReport {
  readonly system: { readonly name: string; readonly title: string };
  readonly kernel: { readonly id: string; readonly version: string | null };
  /** The candidate patch that the kernel was given first; null for the kernel as it is. */
  readonly candidate: string | null;
  readonly result: Omit<CheckResult, "figures"> & { readonly figures: Figures | null };
  readonly unmodelled: readonly { readonly file: string; readonly line: number; readonly what: string }[];
  readonly model: {
    readonly sha256: string;
    readonly functions: readonly string[];
    readonly files: readonly { readonly path: string; readonly sha256: string }[];
    readonly timersFrom: string;
    readonly notes: readonly string[];
  };
  /** Whether the compiled C does the same as the model; null where nobody asked. */
  readonly validation: ValidationReport | null;
  /** By the name of the violated property. */
  readonly witnesses: ReadonlyMap<
    string,
    { readonly path: string; readonly replay: string; readonly timeline: string }
  >;
}

/** The JSON document of `check --json`; its shape is declared in schema.ts. */
export function checkDocument(report: CheckReport): CheckDocument {
  const { system, kernel, result, unmodelled, model, witnesses } = report;
  const { figures } = result;
  return {
    system: system.name,
    kernel: { id: kernel.id, version: kernel.version },
    candidate: report.candidate,
    verdict: result.verdict,
    bounds: [...result.bounds],
    properties: result.properties.map(({ name, kind, verdict, detail }) => ({
      name,
      kind,
      verdict,
      witness: witnesses.get(name)?.path ?? null,
      replay: witnesses.get(name)?.replay ?? null,
      detail,
    })),
    figures:
      figures === null
        ? null
        : {
            ...figures,
            windows: [...figures.windows],
            detection: [...figures.detection],
            idle: [...figures.idle],
            idleDeaths: [...figures.idleDeaths],
          },
    unmodelled: unmodelled.map((one) => ({ ...one })),
    reasons: [...result.reasons],
    model: {
      ...model,
      functions: [...model.functions],
      files: model.files.map((one) => ({ ...one })),
      notes: [...model.notes],
    },
    validation: report.validation === null ? null : validationDocument(report.validation),
  };
}

export function verdictText(verdict: Verdict, paint: Paint): string {
  return verdict === "holds" ? paint.bold(verdict) : paint.warn(verdict);
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
const two = (value: number | null): string => (value === null ? "-" : value.toFixed(2));

/** A window: `2.44-2.88`, `all`; several are cut. */
function windowText(windows: Figures["windows"]): string {
  const [first, second] = windows;
  if (first === undefined) return "none";
  if (first.share === 1) return "all";
  const text = `${first.fromSeconds.toFixed(2)}-${first.toSeconds.toFixed(2)}`;
  return second === undefined ? text : `${text} and ${windows.length - 1} more`;
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** The least margin over all round trips of a row. */
function leastMargin(idle: Figures["idle"]): number | null {
  const margins = idle.flatMap((one) => one.marginSeconds ?? []);
  return margins.length === 0 ? null : Math.min(...margins);
}

/** A row for each HZ and echo interval: the window at the shortest round trip, and the worst over all round trips. */
function figureRows(figures: Figures): readonly (readonly string[])[] {
  return figures.detection.map((detection) => {
    const { hz, echoIntervalSeconds, rttSeconds } = detection;
    const same = (one: { hz: number; echoIntervalSeconds: number }): boolean =>
      one.hz === hz && one.echoIntervalSeconds === echoIntervalSeconds;
    const windows = figures.windows.filter(same);
    const idle = figures.idle.find((one) => same(one) && one.rttSeconds === rttSeconds);
    const shares = new Map<number, number>();
    for (const one of windows) shares.set(one.rttSeconds, (shares.get(one.rttSeconds) ?? 0) + one.share);
    const worst = [...shares].reduce<[number, number] | null>((a, b) => (a === null || b[1] > a[1] ? b : a), null);
    return [
      String(hz),
      `${echoIntervalSeconds}`,
      two(idle?.periodSeconds ?? null),
      windowText(windows.filter((one) => one.rttSeconds === rttSeconds)),
      percent(shares.get(rttSeconds) ?? 0),
      worst === null ? "none" : `${percent(worst[1])} at ${worst[0]} s`,
      two(leastMargin(figures.idle.filter(same))),
      two(detection.bestSeconds),
      two(larger(detection.worstSeconds, detection.worstAfterRequestSeconds)),
    ];
  });
}

const HEAD = ["HZ", "interval", "period", "window", "share", "worst share", "least margin", "noticed: best", "worst"];

/** Where nobody has to do anything: for each echo interval, from which of the round trips on. */
function idleDeathLines({ idleDeaths }: Figures): readonly string[] {
  const least = new Map<string, number>();
  for (const { hz, echoIntervalSeconds, rttSeconds } of idleDeaths) {
    const key = `HZ=${hz}, echo interval ${echoIntervalSeconds} s`;
    least.set(key, Math.min(least.get(key) ?? Number.POSITIVE_INFINITY, rttSeconds));
  }
  if (least.size === 0) return [];
  const lines = [...least].map(([key, rtt]) => `  ${key}: at a round trip of ${rtt} s`);
  return ["", "An idle mount is declared dead without any request (the shortest round trip of those tried):", ...lines];
}

/** Whether the work re-arms itself before or after what takes its time. */
function slowLines(figures: Figures): readonly string[] {
  const slow = figures.idle.find((one) => one.periodWhenSendingTakes2Seconds !== null);
  if (slow === undefined || slow.periodWhenSendingTakes2Seconds === slow.periodSeconds) return [];
  const { hz, echoIntervalSeconds, periodSeconds, periodWhenSendingTakes2Seconds } = slow;
  return [
    `sending an echo that takes 2 s makes the period ${two(periodWhenSendingTakes2Seconds)} s instead of ` +
      `${two(periodSeconds)} s (HZ=${hz}, echo interval ${echoIntervalSeconds} s)`,
  ];
}

function figureLines(figures: Figures, report: CheckReport): readonly string[] {
  const intervals = figures.timeoutIntervals;
  const patience = intervals === null ? "never gives up" : `gives up after ${intervals} echo intervals`;
  const { idleEchoesPerHour: idle, busyEchoesPerHour: busy } = figures;
  const rates = idle === 0 && busy === 0 ? "" : `; ${idle} echoes an hour on an idle mount, ${busy} on a busy one`;
  return [
    `timers: ${figures.wheel} (${printable(report.model.timersFrom)}); the watchdog ${patience}${rates}`,
    ...(figures.fixedIntervalSeconds === null
      ? []
      : [
          `the echo interval is fixed at ${figures.fixedIntervalSeconds} s: ` +
            `no mount option of the name echo_interval sets it`,
        ]),
    ...slowLines(figures),
    "",
    "In seconds. Period, window and share (of the time between two echoes) at the shortest round trip; windows are",
    "counted from an echo. Worst share and least margin over all round trips; margin: how much longer than a live",
    "server's longest silence the watchdog waits. Noticed: from the death of a server to its being declared dead.",
    plainTable(
      HEAD,
      HEAD.map(() => "right" as const),
      figureRows(figures),
    ),
    ...idleDeathLines(figures),
    ...(figures.reproduce === null ? [] : ["", `To see it on a real machine: ${printable(figures.reproduce)}`]),
  ];
}

function propertyLines(report: CheckReport, paint: Paint): readonly string[] {
  return report.result.properties.flatMap(({ name, kind, verdict, detail }) => {
    const witness = report.witnesses.get(name);
    return [
      `${paint.bold(name)} (${kind}): ${verdictText(verdict, paint)}: ${printable(detail)}`,
      ...(witness === undefined
        ? []
        : [`  witness: ${printable(witness.path)}`, `  replay:  ${printable(witness.replay)}`]),
    ];
  });
}

/** One line: which kernel, which system, what came out. */
export function headLine(report: CheckReport, paint: Paint): string {
  const { kernel, system, result, candidate } = report;
  const version = kernel.version === null ? "" : `, Linux ${printable(kernel.version)}`;
  const patched = candidate === null ? "" : `, with ${printable(candidate)}`;
  const what = `${printable(kernel.id)}${version}${patched}: ${system.title} (${system.name})`;
  const doubt = report.validation?.status === "skipped" ? paint.warn(" (translation not validated)") : "";
  return `${what}: ${verdictText(result.verdict, paint)}${doubt}`;
}

function indented(text: string): readonly string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${printable(line)}`.trimEnd());
}

/** Verdict and properties in a few lines, for `run`. */
export function shortCheckLines(report: CheckReport, paint: Paint): readonly string[] {
  const more = report.unmodelled.length === 0 ? [] : [`not modelled: ${report.unmodelled.length} places (see check)`];
  const reasons = report.result.reasons.map((one) => `could not be followed: ${printable(one)}`);
  return [
    `verdict   ${verdictText(report.result.verdict, paint)}`,
    ...propertyLines(report, paint),
    ...(report.validation === null ? [] : [validationLine(report.validation, paint)]),
    ...more,
    ...reasons,
  ];
}

/** One row for each system: the end of `run`. */
export function systemTable(reports: readonly CheckReport[], paint: Paint): string {
  const head = ["system", "verdict", "worst share", "least margin", "noticed: worst", "echoes an hour"];
  const rows = reports.map(({ system, result }) => {
    const { figures } = result;
    const usual = figures?.detection.find((one) => one.hz === 250 && one.echoIntervalSeconds === 60);
    const noticed = usual ?? figures?.detection[0];
    return [
      system.name,
      verdictText(result.verdict, paint),
      figures === null ? "-" : percent(figures.worstShare),
      figures === null ? "-" : `${two(leastMargin(figures.idle))} s`,
      noticed === undefined ? "-" : `${two(larger(noticed.worstSeconds, noticed.worstAfterRequestSeconds))} s`,
      figures === null ? "-" : String(figures.idleEchoesPerHour),
    ];
  });
  return plainTable(
    head.map((title) => paint.dim(title)),
    ["left", "left", "right", "right", "right", "right"],
    rows,
  );
}

/** The terminal's view. */
export function checkText(report: CheckReport, paint: Paint): string {
  const { result, unmodelled, model, witnesses } = report;
  const lines = [headLine(report, paint), "", ...propertyLines(report, paint)];
  if (report.validation !== null) lines.push("", ...validationLines(report.validation, paint));
  for (const [name, { timeline }] of witnesses) lines.push("", `Timeline of ${name}:`, ...indented(timeline));
  if (result.figures !== null) lines.push("", ...figureLines(result.figures, report));
  if (unmodelled.length > 0) {
    lines.push("", `Not modelled (${unmodelled.length}):`);
    for (const { file, line, what } of unmodelled) {
      lines.push(`  ${paint.bold(`${printable(file)}:${line}:`)} ${printable(what)}`);
    }
  }
  if (result.reasons.length > 0)
    lines.push("", "Could not be followed:", ...result.reasons.map((one) => `  ${printable(one)}`));
  if (result.bounds.length > 0) lines.push("", "Bounds:", ...result.bounds.map((one) => `  ${one}`));
  lines.push("", `model: ${model.functions.length} functions, sha256 ${model.sha256.slice(0, 12)}`);
  if (model.notes.length > 0) lines.push("", "Outside the model:", ...model.notes.map((one) => `  ${printable(one)}`));
  return `${lines.join("\n")}\n`;
}
