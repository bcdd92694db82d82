/**
 * Sums of terms as lengths of time, in numbers and in words.
 */
import type { Sum, Term } from "../c/sum.ts";
import type { Duration, LocalValue, TimeUnit } from "./fact.ts";

const SECONDS_PER_UNIT: Readonly<Record<TimeUnit, number | null>> = {
  // A number of jiffies without HZ has no length in seconds until HZ is chosen.
  jiffies: null,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
};

/** Figures without noise from binary fractions: 0.1 s stays 0.1. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}

function secondsOf(sum: Sum, unit: TimeUnit): number | null {
  let seconds = 0;
  for (const term of sum) {
    if (term.symbols.length > 0) return null;
    if (unit === "jiffies") {
      if (term.hz !== 1) return null;
      seconds += term.factor;
    } else {
      const perUnit = SECONDS_PER_UNIT[unit];
      if (term.hz !== 0 || perUnit === null) return null;
      seconds += term.factor * perUnit;
    }
  }
  return round(seconds);
}

function termText(term: Term, unit: TimeUnit): string {
  const factor = round(Math.abs(term.factor));
  const words: string[] = [];
  const inSeconds = unit === "jiffies" && term.hz === 1;
  if (term.symbols.length === 0) {
    if (inSeconds) return `${factor} s`;
    const name = unit === "jiffies" && factor === 1 ? "jiffy" : unit;
    return `${factor} ${name}${term.hz === 0 ? "" : ` x HZ^${term.hz}`}`;
  }
  if (inSeconds) words.push(`${factor} s`);
  else {
    if (factor !== 1) words.push(String(factor));
    if (term.hz !== 0) words.push(term.hz === 1 ? "HZ" : `HZ^${term.hz}`);
  }
  const names = [...words, ...term.symbols.map((name) => (isAtom(name) || isAlone(term) ? name : `(${name})`))];
  return names.join(" x ");
}

/** A name, a field or a call, which needs no brackets in a product. */
function isAtom(name: string): boolean {
  return /^[\w.>[\]-]+$|^\w+ ?\([^()]*\)$/.test(name) && !/ - /.test(name);
}

function isAlone(term: Term): boolean {
  return term.symbols.length === 1 && term.hz === 0 && Math.abs(term.factor) === 1;
}

/** A sum in words: `2 x server->echo_interval - 1 s`. */
export function sumText(sum: Sum, unit: TimeUnit): string {
  if (sum.length === 0) return "0";
  // What can change comes first, constants last, as people say it.
  const ordered = [...sum].sort((a, b) => Math.sign(b.symbols.length) - Math.sign(a.symbols.length));
  return ordered
    .map((term, i) => {
      const text = termText(term, unit);
      if (i === 0) return term.factor < 0 ? `-${text}` : text;
      return term.factor < 0 ? ` - ${text}` : ` + ${text}`;
    })
    .join("");
}

/** A duration from its sum. */
export function durationOf(sum: Sum, unit: TimeUnit, expression: string, locals: readonly LocalValue[]): Duration {
  const terms = sum.map((term) => ({ ...term, factor: round(term.factor) }));
  const duration: Duration = {
    expression,
    unit,
    terms,
    seconds: secondsOf(sum, unit),
    text: sumText(sum, unit),
  };
  return locals.length === 0 ? duration : { ...duration, locals };
}

/** A duration that is no sum: kept as written. */
export function opaqueDuration(expression: string, unit: TimeUnit): Duration {
  return { expression, unit, terms: [{ factor: 1, hz: 0, symbols: [expression] }], seconds: null, text: expression };
}
