/** Random coroutines as text, for the comparison of generators with frames: they end, and tell what they do. */
import fc from "fast-check";

/** What coroutines call: `say` tells, `wait` tells and suspends, `plain` is no coroutine, `deep` calls itself. */
export const PRELUDE = `
class Pair { constructor(x, y) { this.x = x; this.y = y; } }
function plain(x) { world.trace.push("p" + x); return x + 1; }
function* wait(x) { world.trace.push("w" + x); yield; if (x % 2) { yield; world.trace.push("v" + x); } return x * 3; }
function* deep(n) { if (n <= 0) return (yield* wait(n)); const r = (yield* deep(n - 1)) + n; return r; }
function* indirect(f, x) { return f(x); }
const o = { k: 4, add(x, y = 0) { this.k = (this.k + x + y) % 1000; return this.k; } };
`;

const NAMES = ["a", "b", "c"];

/** Builds texts from a list of random numbers, so that fast-check can make them shorter. */
class Writer {
  private at = 0;
  private labels = 0;

  constructor(private readonly choices: readonly number[]) {}

  private pick(count: number): number {
    return (this.choices[this.at++] ?? 0) % count;
  }

  private name(): string {
    return NAMES[this.pick(NAMES.length)] as string;
  }

  expression(depth: number): string {
    const e = (): string => this.expression(depth - 1);
    if (depth <= 0 || this.at >= this.choices.length) return this.pick(2) === 0 ? this.name() : String(this.pick(5));
    const forms: readonly (() => string)[] = [
      () => this.name(),
      () => `(yield* wait((${e()}) & 7))`,
      () => `(yield* deep((${e()}) & 3))`,
      () => `(yield* indirect(plain, ${e()}))`,
      () => `((yield), ${e()})`,
      () => `plain(${e()})`,
      () => `(${e()} + ${e()})`,
      () => `(${e()} - ${e()} * 2)`,
      () => `(${e()} < ${e()} ? ${e()} : ${e()})`,
      () => `(${e()} && ${e()})`,
      () => `(${e()} || ${e()})`,
      () => `(!(${e()}) ?? ${e()})`,
      () => `(${e()}, ${e()})`,
      () => `(${this.name()} = ${e()})`,
      () => `(${this.name()} += ${e()})`,
      () => `(t[(${e()}) & 3] = ${e()})`,
      () => `(t[(${e()}) & 3] += ${e()})`,
      () => `(o.k = ${e()})`,
      () => `(o.k -= ${e()})`,
      () => `t[(${e()}) & 3]`,
      () => `o.add(${e()}, ${e()})`,
      () => `[${e()}, ${e()}, ...[${e()}]][1]`,
      () => `({ a, x: ${e()}, y: ${e()} }).y`,
      () => `new Pair(${e()}, ${e()}).x`,
      () => `\`\${${e()}}-\${${e()}}\`.length`,
      () => `(() => ${this.name()} + 1)()`,
      () => `Math.max(${e()}, ...[${e()}, 1], ${e()})`,
      () => `(yield* (function* () { ${this.name()} += 1; return ${e()}; })())`,
      () => `(typeof (${e()})).length`,
      () => `-(${e()})`,
      () => `${this.name()}++`,
      () => `--t[(${e()}) & 3]`,
    ];
    return (forms[this.pick(forms.length)] as () => string)();
  }

  /** @param jumps statements that leave something, as far as they are allowed here */
  statement(depth: number, jumps: readonly string[]): string {
    const e = (): string => this.expression(2);
    const s = (more: readonly string[] = []): string => this.block(depth - 1, [...jumps, ...more]);
    if (depth <= 0 || this.at >= this.choices.length) return `${e()};`;
    const fuel = "if (--world.fuel < 0) return -1;";
    const bare = jumps.filter((one) => one !== "break;");
    const label = `l${this.labels++}`;
    const inLoop = ["break;", "continue;", `break ${label};`, `continue ${label};`];
    const nested = (): string => this.block(depth - 1, [...bare.filter((one) => one !== "continue;"), ...inLoop]);
    const forms: readonly (() => string)[] = [
      () => `${e()};`,
      () => `${this.name()} = ${e()};`,
      () => `if (${e()}) { ${s()} }`,
      () => `if (${e()}) { ${s()} } else { ${s()} }`,
      () => `${label}: while ((${e()}) % 3) { ${fuel} ${nested()} }`,
      () => `${label}: do { ${fuel} ${nested()} } while ((${e()}) % 2 && (${e()}) % 3);`,
      () => `${label}: for (let i = 0; i < 2 + (${e()}) % 2; i++, ${e()}) { ${fuel} ${nested()} }`,
      () => `${label}: { ${s([`break ${label};`])} }`,
      () => this.switching(depth, bare, label),
      () => `world.s = ${e()}; { let a = world.s, c = 2; ${s()} world.trace.push(a + c); }`,
      () => `world.s = new Pair(${e()}, ${e()}); { let { x, y: b = 3 } = world.s; ${s()} world.trace.push(x + b); }`,
      () => `for (const a of [1, 2]) { b += a; if (b % 5 === 0) ${this.jump(["break;", "continue;", ...bare])} }`,
      () => this.jump(jumps),
      () => `{ function local(x) { return x + a; } ${s()} c = local(${e()}); }`,
      () => `try { if (${this.name()} % 7 === 0) throw new Error("e"); } catch (error) { ${this.name()} = 1; }`,
    ];
    return (forms[this.pick(forms.length)] as () => string)();
  }

  private jump(jumps: readonly string[]): string {
    const all = [...jumps, `return ${this.name()};`];
    return all[this.pick(all.length)] as string;
  }

  private switching(depth: number, jumps: readonly string[], label: string): string {
    const inside = [...jumps, "break;", `break ${label};`];
    const part = (): string => `${this.block(depth - 1, inside)} ${this.pick(2) === 0 ? "break;" : ""}`;
    return `${label}: switch ((${this.expression(2)}) & 3) { case 0: ${part()} default: ${part()} case 2: ${part()} }`;
  }

  block(depth: number, jumps: readonly string[]): string {
    return Array.from({ length: 1 + this.pick(3) }, () => this.statement(depth, jumps)).join(" ");
  }
}

/** The text of `function* main(a, b)`. */
export const coroutines: fc.Arbitrary<string> = fc
  .array(fc.nat(9999), { minLength: 5, maxLength: 120 })
  .map((choices) => `function* main(a, b) { let c = 1; ${new Writer(choices).block(4, [])} return a + b + c; }`);
