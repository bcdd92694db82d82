/**
 * Integer expressions as sums of terms, with HZ kept as a symbol: `2 * server->echo_interval - HZ / 2` is
 * 2 x server->echo_interval plus -0.5 s.
 */

export interface Term {
  readonly factor: number;
  /** Power of HZ in the term: 1 means that the factor is in seconds when the sum is in jiffies. */
  readonly hz: number;
  /** What could not be resolved to a number, sorted: fields, parameters, calls. Empty for a constant. */
  readonly symbols: readonly string[];
}

export type Sum = readonly Term[];

export const ZERO: Sum = [];

export function constant(value: number): Sum {
  return value === 0 ? ZERO : [{ factor: value, hz: 0, symbols: [] }];
}

export function symbol(text: string): Sum {
  return [{ factor: 1, hz: 0, symbols: [text] }];
}

export const HZ: Sum = [{ factor: 1, hz: 1, symbols: [] }];

const keyOf = (term: Term): string => `${term.hz} ${term.symbols.join("\u0001")}`;

function collect(terms: readonly Term[]): Sum {
  const byKey = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? term : { ...known, factor: known.factor + term.factor });
  }
  return [...byKey.values()].filter((term) => term.factor !== 0);
}

export function add(a: Sum, b: Sum): Sum {
  return collect([...a, ...b]);
}

export function scale(a: Sum, factor: number): Sum {
  return collect(a.map((term) => ({ ...term, factor: term.factor * factor })));
}

/** Products of more terms than this stay symbols: nobody reads such a sum. */
const MAX_TERMS = 16;

/** @returns null when the product has more than 16 terms */
export function multiply(a: Sum, b: Sum): Sum | null {
  if (a.length * b.length > MAX_TERMS) return null;
  return collect(
    a.flatMap((x) =>
      b.map((y) => ({ factor: x.factor * y.factor, hz: x.hz + y.hz, symbols: [...x.symbols, ...y.symbols].sort() })),
    ),
  );
}

/**
 * Division as the kernel's integer arithmetic has it, as far as it can be known: a constant is truncated, a multiple
 * of HZ is divided exactly (HZ / 10 is 0.1 s at any HZ that 10 divides), and X * HZ / HZ is X.
 *
 * @returns null when the divisor is zero or more than one term
 */
export function divide(a: Sum, b: Sum): Sum | null {
  const divisor = b.length === 1 ? b[0] : undefined;
  if (divisor === undefined || divisor.symbols.length > 0) return null;
  if (divisor.hz > 0 && a.some((term) => term.hz < divisor.hz)) return null;
  return collect(
    a.map((term) => {
      const quotient = term.factor / divisor.factor;
      const isInteger = a.length === 1 && term.hz === 0 && divisor.hz === 0 && term.symbols.length === 0;
      return { ...term, hz: term.hz - divisor.hz, factor: isInteger ? Math.trunc(quotient) : quotient };
    }),
  );
}

/** The number that a sum is, when it has no symbols and no HZ. */
export function plainValue(sum: Sum): number | null {
  if (sum.length === 0) return 0;
  const only = sum.length === 1 ? sum[0] : undefined;
  return only !== undefined && only.hz === 0 && only.symbols.length === 0 ? only.factor : null;
}
