/**
 * Character constants.
 */

/** C11 6.4.4.4 */
const SIMPLE: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, e: 27 };

/** Value of a constant such as `'a'`, `'\\n'`, `'\\0'` or `'\\x7f'`, quotes included. */
export function characterValue(text: string): number {
  const inner = text.slice(text.indexOf("'") + 1);
  if (!inner.startsWith("\\")) return inner.charCodeAt(0);
  const hexadecimal = /^\\x([0-9a-fA-F]+)/.exec(inner)?.[1];
  if (hexadecimal !== undefined) return Number.parseInt(hexadecimal, 16) & 0xff;
  const octal = /^\\([0-7]{1,3})/.exec(inner)?.[1];
  if (octal !== undefined) return Number.parseInt(octal, 8) & 0xff;
  const letter = inner[1] ?? "";
  return SIMPLE[letter] ?? letter.charCodeAt(0);
}
