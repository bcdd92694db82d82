/**
 * Preprocessor lines: which text they switch off under a configuration, and the macros and includes that they name.
 *
 * Nothing is expanded here. The chosen branches stay where they are in the file; the others are blanked by mask.ts.
 */
import { ConditionError, type ConditionNames, evaluateCondition } from "./condition.ts";
import type { Configuration } from "./configuration.ts";
import { DIRECTIVE, type Tokens } from "./lex.ts";

export interface MacroDefinition {
  readonly name: string;
  /** Parameter names; null for an object-like macro. `...` stands as `__VA_ARGS__`. */
  readonly parameters: readonly string[] | null;
  /** Replacement text on one line, without comments. */
  readonly body: string;
  /** Byte offset of the `#`. */
  readonly offset: number;
  readonly endOffset: number;
}

export interface Include {
  readonly path: string;
  /** `<path>` rather than `"path"`. */
  readonly system: boolean;
}

/** One conditional group and the branch that was taken, for reports. */
export interface BranchChoice {
  readonly offset: number;
  readonly condition: string;
  readonly taken: boolean;
}

export interface SourceProblem {
  readonly offset: number;
  readonly reason: string;
}

export interface Preprocessed {
  /** Text that is switched off, as [start, end) pairs in order; directives themselves are not in it. */
  readonly inactive: readonly number[];
  readonly macros: readonly MacroDefinition[];
  readonly includes: readonly Include[];
  readonly choices: readonly BranchChoice[];
  readonly problems: readonly SourceProblem[];
}

interface Frame {
  readonly parentActive: boolean;
  readonly offset: number;
  /** The line that opened the group, for the reports of its #else. */
  readonly opening: string;
  /** Some branch of this group was already taken. */
  taken: boolean;
  active: boolean;
  sawElse: boolean;
}

const NAME = /^#\s*([A-Za-z_]\w*)\s*/;
const DEFINE = /^([A-Za-z_$][\w$]*)(\(([^)]*)\))?/;

/** A directive's text on one line: comments become a space, continued lines are joined. */
function directiveText(source: string, start: number, end: number): string {
  const raw = source.slice(start, end);
  if (!raw.includes("\n") && !raw.includes("/")) return raw;
  return raw
    .replace(
      /"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|\/\*[\s\S]*?(?:\*\/|$)|\/\/(?:\\\r?\n|[^\n])*/g,
      (match: string) => (match.startsWith("/") ? " " : match),
    )
    .replace(/\\\r?\n/g, " ");
}

class Walker {
  readonly inactive: number[] = [];
  readonly macros: MacroDefinition[] = [];
  readonly includes: Include[] = [];
  readonly choices: BranchChoice[] = [];
  readonly problems: SourceProblem[] = [];
  private readonly frames: Frame[] = [];
  /** Macros of this file, as far as read: body of object-like ones, null for the others and after #undef. */
  private readonly defined = new Map<string, string | null | undefined>();
  private inactiveFrom = -1;

  private readonly names: ConditionNames = {
    isDefined: (name) =>
      this.defined.has(name) ? this.defined.get(name) !== undefined : this.configuration.isDefined(name),
    bodyOf: (name) => this.defined.get(name) ?? undefined,
    valueOf: (name) => this.configuration.valueOf(name),
  };

  constructor(
    private readonly source: string,
    private readonly tokens: Tokens,
    private readonly configuration: Configuration,
  ) {}

  run(): Preprocessed {
    const { kind, count, start, end } = this.tokens;
    for (let i = 0; i < count; i++) {
      if (kind[i] === DIRECTIVE) this.directive(i, start[i] as number, end[i] as number);
    }
    for (const frame of this.frames) this.problems.push({ offset: frame.offset, reason: "#if without #endif" });
    if (this.inactiveFrom >= 0) this.inactive.push(this.inactiveFrom, this.source.length);
    const { inactive, macros, includes, choices, problems } = this;
    return { inactive, macros, includes, choices, problems };
  }

  private get active(): boolean {
    return this.frames.at(-1)?.active ?? true;
  }

  private directive(index: number, start: number, end: number): void {
    const line = directiveText(this.source, start, end);
    const match = NAME.exec(line);
    if (match === null) return;
    const rest = line.slice(match[0].length);
    const wasActive = this.active;
    // Groups inside switched-off text change nothing: the stretch is one, and whoever looks into it decides again.
    let group = this.frames.at(-1);
    switch (match[1]) {
      case "if":
      case "ifdef":
      case "ifndef":
        this.open(index, match[1], rest.trim(), start);
        group = this.frames.at(-1);
        break;
      case "elif":
      case "elifdef":
      case "elifndef":
      case "else":
        this.alternative(match[1], rest.trim(), start);
        break;
      case "endif":
        if (this.frames.pop() === undefined) this.problems.push({ offset: start, reason: "#endif without #if" });
        break;
      default:
        if (wasActive) this.plain(match[1] as string, rest, start, end);
        return;
    }
    if (group === undefined || group.parentActive) this.track(wasActive, start, end);
  }

  /** Keeps the inactive ranges: they begin after the directive that switches text off and end before the next. */
  private track(wasActive: boolean, start: number, end: number): void {
    if (!wasActive && this.inactiveFrom >= 0) {
      if (start > this.inactiveFrom) this.inactive.push(this.inactiveFrom, start);
      this.inactiveFrom = -1;
    }
    if (!this.active) this.inactiveFrom = end;
  }

  private open(index: number, keyword: string, condition: string, offset: number): void {
    const parentActive = this.active;
    const holds = parentActive && this.evaluate(index, keyword, condition, offset);
    this.frames.push({
      parentActive,
      offset,
      opening: `#${keyword} ${condition}`,
      taken: holds,
      active: holds,
      sawElse: false,
    });
    if (parentActive) this.choices.push({ offset, condition: `#${keyword} ${condition}`, taken: holds });
  }

  private alternative(keyword: string, condition: string, offset: number): void {
    const frame = this.frames.at(-1);
    if (frame === undefined) {
      this.problems.push({ offset, reason: `#${keyword} without #if` });
      return;
    }
    if (frame.sawElse) this.problems.push({ offset, reason: `#${keyword} after #else` });
    if (keyword === "else") frame.sawElse = true;
    const eligible = frame.parentActive && !frame.taken;
    const form = keyword === "elifdef" ? "ifdef" : keyword === "elifndef" ? "ifndef" : "if";
    frame.active = eligible && (keyword === "else" || this.evaluate(-1, form, condition, offset));
    // An #else after a branch that was taken is switched off as well, and reports must say so.
    if (frame.parentActive && (keyword !== "else" || !frame.active)) {
      this.choices.push({
        offset,
        condition: `#${keyword} ${condition}`.trim() + (keyword === "else" ? ` of ${frame.opening}` : ""),
        taken: frame.active,
      });
    }
    frame.taken ||= frame.active;
  }

  private evaluate(index: number, keyword: string, condition: string, offset: number): boolean {
    const name = /^[A-Za-z_$][\w$]*/.exec(condition)?.[0];
    if (keyword !== "if" && name === undefined) {
      this.problems.push({ offset, reason: `#${keyword} without a name` });
      return false;
    }
    if (keyword === "ifdef") return this.names.isDefined(name as string);
    if (keyword === "ifndef") return this.definesNext(index, name as string) || !this.names.isDefined(name as string);
    try {
      const guard = /^!\s*defined\s*\(?\s*([A-Za-z_$][\w$]*)\s*\)?$/.exec(condition)?.[1];
      if (guard !== undefined && this.definesNext(index, guard)) return true;
      return evaluateCondition(condition, this.names);
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      this.problems.push({ offset, reason: `condition not understood (${error.message}); taken as false` });
      return false;
    }
  }

  /** Include guards and default values: `#ifndef X` whose next line is `#define X` means that X is not defined yet. */
  private definesNext(index: number, name: string): boolean {
    const { kind, start, end } = this.tokens;
    if (this.defined.has(name) || index < 0 || kind[index + 1] !== DIRECTIVE) return false;
    const next = this.source.slice(start[index + 1], end[index + 1]);
    return /^#\s*define\s+([A-Za-z_$][\w$]*)/.exec(next)?.[1] === name;
  }

  private plain(keyword: string, rest: string, start: number, end: number): void {
    if (keyword === "define") this.define(rest, start, end);
    else if (keyword === "undef") {
      const name = /^[A-Za-z_$][\w$]*/.exec(rest)?.[0];
      if (name !== undefined) this.defined.set(name, undefined);
    } else if (keyword === "include" || keyword === "include_next") {
      const match = /^(?:<([^>]*)>|"([^"]*)")/.exec(rest);
      if (match !== null) this.includes.push({ path: match[1] ?? match[2] ?? "", system: match[1] !== undefined });
    }
  }

  private define(rest: string, start: number, end: number): void {
    const match = DEFINE.exec(rest);
    if (match === null) {
      this.problems.push({ offset: start, reason: "#define without a name" });
      return;
    }
    const name = match[1] as string;
    const parameters = match[3] === undefined ? null : parameterNames(match[3]);
    const body = rest.slice(match[0].length).trim();
    this.defined.set(name, parameters === null ? body : null);
    this.macros.push({ name, parameters, body, offset: start, endOffset: end });
  }
}

function parameterNames(list: string): string[] {
  return list
    .split(",")
    .map((parameter) => parameter.trim())
    .filter((parameter) => parameter !== "")
    .map((parameter) => (parameter === "..." ? "__VA_ARGS__" : parameter.replace(/\s*\.\.\.$/, "")));
}

/**
 * Reads the preprocessor lines of a file.
 *
 * @param source the file, each byte as one character
 * @param tokens its tokens, directives among them
 * @returns switched-off ranges, macros, includes, and what could not be decided
 */
export function preprocess(source: string, tokens: Tokens, configuration: Configuration): Preprocessed {
  return new Walker(source, tokens, configuration).run();
}
