/**
 * Facts in words, one line each.
 */
import type { DeadlineFact, DelayedWorkFact, Fact, Outcome, Reference } from "../timing/fact.ts";

/** Text from C sources may hold anything; a terminal must see none of it as a command. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is being removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
}

/** `TCP_Server_Info.lstrp` where the struct is known, the expression otherwise. */
export function referenceText(reference: Reference): string {
  return reference.struct !== null && reference.field !== null
    ? `${reference.struct}.${reference.field}`
    : reference.expression;
}

/** `calls cifs_reconnect; return true`. */
export function outcomeText(outcome: Outcome): string {
  const calls = outcome.calls.length === 0 ? "" : `calls ${outcome.calls.join(", ")}; `;
  return `${calls}${outcome.ends.join(" or ")}`;
}

const RELATIONS: Readonly<Record<DeadlineFact["relation"], string>> = {
  after: "after",
  before: "before",
  "after-or-at": "at or after",
  "before-or-at": "at or before",
};

/** `jiffies after server->lstrp + 3 x server->echo_interval`. */
export function deadlineText(fact: DeadlineFact): string {
  const clock = fact.clock ?? "a time that could not be traced to a clock";
  const stamp = fact.timestamp?.expression;
  const offset = fact.offset.terms.length === 0 ? null : fact.offset.text;
  const sum =
    stamp === undefined
      ? (offset ?? "0")
      : offset === null
        ? stamp
        : offset.startsWith("-")
          ? `${stamp} - ${offset.slice(1)}`
          : `${stamp} + ${offset}`;
  const locals = (fact.offset.locals ?? []).map((local) => `${local.name} is one of: ${local.values.join(" | ")}`);
  return [`${clock} ${RELATIONS[fact.relation]} ${sum}`, ...locals].join("; ");
}

/** What else decides, where a comparison is not the whole condition. */
export function partText({ condition }: DeadlineFact): string {
  return condition === undefined ? "" : ` [only a part of: ${condition}]`;
}

/** How a handler arms itself again: `on all paths, after its work (can_echo, echo)`. */
export function rearmText(fact: DelayedWorkFact): string {
  const { rearm } = fact;
  if (rearm === null) return "";
  if (rearm.paths === "none") return "does not arm itself again";
  const where = rearm.paths === "all" ? "on all paths" : "on some of its paths";
  const names = [...new Set(rearm.callsBefore.map((call) => call.name))];
  const before = rearm.callsAfter.length > 0 ? ", before its work" : "";
  const work = rearm.position === "before-work" ? before : `, after its work (${names.join(", ")})`;
  const exits = rearm.exitsWithout.map((exit) => `line ${exit.line} (${exit.statement})`);
  const without = exits.length === 0 ? "" : `; not when it leaves at ${exits.join(", ")}`;
  return `arms itself again ${where}${work}${without}`;
}

/** ` after 60 s`, or ` at x` where only the point in time is known. */
function delayText({ delay }: DelayedWorkFact): string {
  if (delay?.seconds === 0) return " at once";
  return delay === null ? "" : ` ${delay.absolute === true ? "at" : "after"} ${delay.text}`;
}

function armedBy({ primitive, viaHelper }: DelayedWorkFact): string {
  return viaHelper === undefined ? primitive : `${primitive} in ${viaHelper}`;
}

function delayedWorkText(fact: DelayedWorkFact): string {
  const item = referenceText(fact.item);
  const handler = fact.handler ?? "no known function";
  switch (fact.operation) {
    case "bind":
      return `${item} runs ${handler} (${fact.mechanism})`;
    case "handler":
      return `handler of ${item}: ${rearmText(fact)}`;
    case "expiry":
      return `expires ${item} -> ${handler}${delayText(fact)} (.expires)`;
    case "cancel":
      return `cancels ${item} (${fact.mechanism}, ${handler})`;
    default: {
      const self = fact.selfRearm ? "arms itself again:" : fact.operation === "modify" ? "re-arms" : "queues";
      const locals = (fact.delay?.locals ?? []).map(
        (local) => `; ${local.name} is one of: ${local.values.join(" | ")}`,
      );
      return `${self} ${item} -> ${handler}${delayText(fact)} (${armedBy(fact)})${locals.join("")}`;
    }
  }
}

/** One fact in one line, without its place. */
export function factText(fact: Fact): string {
  switch (fact.kind) {
    case "delayed-work":
      return delayedWorkText(fact);
    case "deadline":
      return [
        `${deadlineText(fact)}${partText(fact)}: then ${outcomeText(fact.whenTrue)}`,
        `else ${outcomeText(fact.whenFalse)}`,
      ].join("; ");
    case "timestamp": {
      const offset = fact.offset === null ? "" : ` + ${fact.offset.text}`.replace(" + -", " - ");
      return `${referenceText(fact.target)} = ${fact.clock}${offset}`;
    }
    case "timed-wait": {
      const locals = (fact.length.locals ?? [])
        .map((one) => `; ${one.name} is one of: ${one.values.join(" | ")}`)
        .join("");
      // A field holds the length for somebody else's wait.
      if (fact.expression.includes("=") && fact.awaits === null)
        return `sets ${fact.primitive} to ${fact.length.text}${locals}`;
      const awaits = fact.awaits === null ? "" : ` for ${fact.awaits}`;
      const inOtherUnit = fact.length.seconds !== null && !/^(?:jiffies|s)$/.test(fact.length.unit);
      const seconds = inOtherUnit ? ` = ${fact.length.seconds} s` : "";
      return `waits ${fact.length.text}${seconds}${awaits} (${fact.primitive})${locals}`;
    }
    case "wake-up":
      return `wakes ${fact.target}${fact.status === null ? "" : ` with ${fact.status}`} (${fact.primitive})`;
    case "task-state": {
      const tests = fact.status;
      const status = tests.length === 0 ? "any status" : `tk_status ${tests.join(" or ")}`;
      return `${fact.state} -> ${fact.next} on ${status}${fact.via === undefined ? "" : ` (through ${fact.via})`}`;
    }
  }
}
