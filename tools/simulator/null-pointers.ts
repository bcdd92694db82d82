/**
 * Null pointers that a model follows: JavaScript throws there by itself, and names a member. Which function of the C it
 * was is in the stack; which line, in the comments of the model's text.
 */
import { SimulationFault } from "./fault.ts";

/** A place of a model on the stack: a function, or the step of one that is a frame. */
const PLACE = /^\s*at (?:new )?([\w.]+) \(eval at /m;
const MEMBER = /\((setting|reading) '(\w+)'\)/;
const COMMENT = /\/\/ (\S+):(\d+)\s*$/;
/** As many lines as help somebody who looks for the one. */
const MAX_LINES = 4;

/**
 * Says where a null pointer was followed.
 *
 * @param error what JavaScript threw
 * @param text of the model; empty where nobody has it
 */
export function nullPointerFault(error: TypeError, text: string): SimulationFault {
  const name = PLACE.exec(error.stack ?? "")?.[1]
    ?.replace(/_frame\.step$/, "")
    .replace(/^.*\./, "");
  const [, does, member] = MEMBER.exec(error.message) ?? [];
  if (name === undefined) return new SimulationFault("null-pointer", error.message);
  const what = member === undefined ? error.message : `${does === "setting" ? "stores" : "reads"} ${member} of NULL`;
  const where = member === undefined ? "" : linesOf(text, name, member, does === "setting");
  return new SimulationFault("null-pointer", `${name}${where} ${what}`);
}

/** Lets a model run; a null pointer that it follows is a fault then, with its place in the C. */
export function namingNullPointers<T>(text: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof TypeError ? nullPointerFault(error, text) : error;
  }
}

/** The lines of C in which a function does so, where they are few: ` (clnt.c:12 or 15)`. */
function linesOf(text: string, name: string, member: string, isStore: boolean): string {
  const body = new RegExp(`^ {2}function\\*? ${name}\\([\\s\\S]*?^ {2}\\}$`, "m").exec(text)?.[0] ?? "";
  const use = isStore ? `\\.${member} (?:[-+*/%&|^]|<<|>>)?= ` : `[."]${member}\\b`;
  const places = new Map<string, Set<string>>();
  // What stands in the same line of C as the statement before has no comment of its own.
  let last: RegExpExecArray | null = null;
  for (const line of body.split("\n")) {
    last = COMMENT.exec(line) ?? last;
    const [, file, number] = new RegExp(use).test(line) ? (last ?? []) : [];
    if (file !== undefined && number !== undefined) places.set(file, (places.get(file) ?? new Set()).add(number));
  }
  const [first, ...others] = places;
  if (first === undefined || others.length > 0 || first[1].size > MAX_LINES) return "";
  return ` (${first[0]}:${[...first[1]].join(" or ")})`;
}
