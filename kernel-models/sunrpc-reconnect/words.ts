/** What goes wrong with a reconnect, in words. */
import { errorNamed } from "./errors.ts";

/** The text with its error by name: the result of a call, or what one ends with. */
export function withErrorNamed(text: string): string {
  return text.replace(/(= |with )(-\d+)/, (_, before: string, number: string) => before + errorNamed(number));
}

/** A violation of a property as a table says it: `hangs (the same state comes back)`. */
export function violationText(property: string, what: string): string {
  // The search's words for a loop are about progress already.
  return property === "progress" ? `hangs (${what.replace(/ without progress$/, "")})` : withErrorNamed(what);
}

/** The same as a clause. */
export function sentenceOf(property: string, what: string): string {
  const text = violationText(property, what);
  return property === "progress" ? `the call ${text}` : text;
}

export function cpusText(cpus: number): string {
  return `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}`;
}
