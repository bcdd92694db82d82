/** Stubs: functions and macros where a call leaves the slice; they ask the driver for what comes of it. */
import type { CType } from "../translate/c-types.ts";
import type { ModelContext } from "../translate/context.ts";
import { type Token, tokensOfText } from "../translate/expand.ts";
import type { DeclaredCall, EntryPlan, ValuePlan } from "./boundary-plan.ts";
import { headOf, namedHead } from "./slice-functions.ts";

const HERE = "__builtin_return_address(0)";

/** The stub of a member of an ops table. */
export function memberName(key: string): string {
  return `gh_member_${key.replace(".", "_")}`;
}

/** A call's stub, as a function or, where it must see expressions, as a macro. */
export function stubText(model: ModelContext, call: DeclaredCall): string {
  void model;
  switch (call.kind) {
    case "member":
      return functionStub(call, memberHead(call), memberNames(call));
    case "wait":
      return waitStub(call);
    case "thread":
      return threadStub(call);
    case "allocate":
      return allocationStub(call);
    case "current":
      return currentStub(call);
    case "workqueue":
      return workqueueStub(call);
    default: {
      const head = namedHead(declaredHead(call));
      return functionStub(call, wordsOf(head.tokens), head.names);
    }
  }
}

function declaredHead(call: DeclaredCall): readonly Token[] {
  const { declared } = call;
  if (declared === null) return tokensOfText(plainHead(call), 0);
  if ("bodyStart" in declared) return headOf(declared).tokens;
  return tokensOfText(declared.text.replace(/;\s*$/, ""), 0);
}

/** A head made of the types that the translator read; for what has no declaration of its own. */
function plainHead({ name, type }: DeclaredCall): string {
  const given = type.parameters.map((one, i) => `${typeText(one)} gh_a${i}`).join(", ");
  return `${typeText(type.result)} ${name}(${given === "" ? "void" : given})`;
}

function memberHead(call: DeclaredCall): string {
  return plainHead({ ...call, name: memberName(call.name) });
}

function memberNames({ type }: DeclaredCall): readonly string[] {
  return type.parameters.map((_, i) => `gh_a${i}`);
}

function typeText(type: CType): string {
  switch (type.kind) {
    case "int":
      return type.isBool ? "bool" : `${type.signed ? "s" : "u"}${type.bits}`;
    case "void":
      return "void";
    case "pointer":
      if (type.to.kind === "struct") return `struct ${type.to.tag} *`;
      // What is stored through it has a size.
      return type.to.kind === "int" || type.to.kind === "pointer" ? `${typeText(type.to)} *` : "void *";
    default:
      return "void *";
  }
}

function wordsOf(tokens: readonly Token[]): string {
  return tokens.map((token) => token.text).join(" ");
}

function argument({ kind, cell, layout }: ValuePlan, name: string): string {
  if (kind === "untold") return "GH_NUMBER(0)";
  if (kind !== "pointer") return `GH_NUMBER(${name})`;
  if (cell !== null) return `GH_CELL(${name}, ${cell === "pointer" ? 1 : 0})`;
  return `GH_POINTER(${name}, ${layout ?? -1})`;
}

function functionStub(call: DeclaredCall, head: string, names: readonly string[]): string {
  const { id, parameters, result, kind } = call;
  const rows = parameters.map((one, i) => argument(one, names[i] ?? `gh_a${i}`)).join(", ");
  const given = parameters.length === 0 ? "" : `\tstruct gh_argument given[] = { ${rows} };\n`;
  const list = parameters.length === 0 ? "NULL, 0" : `given, ${parameters.length}`;
  const ask = result.kind === "pointer" ? "gh_ask_pointer" : "gh_ask";
  const asked = `${ask}(${id}, ${list}, ${HERE})`;
  const prepared = kind === "receive" ? prepareReceive(call, names) : "";
  const received =
    kind === "receive" ? receive(asked, names) : result.kind === "void" ? `\t${asked};\n` : `\treturn ${asked};\n`;
  const start = `__attribute__((noinline, unused)) static ${head}`;
  const order = kind === "receive" ? `${prepared}${given}` : given;
  return `${start}\n{\n${order}${received}}\n`;
}

/** kernel_recvmsg() points the message at its vector first (net/socket.c). */
function prepareReceive(call: DeclaredCall, names: readonly string[]): string {
  if (call.name !== "kernel_recvmsg") return "";
  const [, msg, vec, count, bytes] = names;
  return `\tiov_iter_kvec(&${msg}->msg_iter, 0, ${vec}, ${count}, ${bytes});\n`;
}

function receive(asked: string, names: readonly string[]): string {
  const move = `\tif (gh_r > 0)\n\t\tgh_iter_move(&${names[1]}->msg_iter, (size_t)gh_r, 1);\n`;
  return `\tlong gh_r = ${asked};\n\n${move}\treturn (int)gh_r;\n`;
}

/** The condition is C of the slice, evaluated when the driver says so. */
function waitStub({ id, name, parameters }: DeclaredCall): string {
  const isTimed = parameters.length === 2;
  const rows = [argument(parameters[0] as ValuePlan, "&(head)"), ...(isTimed ? ["GH_NUMBER(timeout)"] : [])].join(", ");
  const body = [
    `struct gh_argument gh_given[] = { ${rows} };`,
    `gh_begin_wait(${id}, gh_given, ${parameters.length}, ${HERE});`,
    "while (gh_wants_condition()) gh_condition(!!(condition));",
    "gh_result();",
  ].join(" ");
  return `#define ${name}(head, condition${isTimed ? ", timeout" : ""}) ({ ${body} })\n`;
}

/** A function of one argument that asks for a pointer. */
function asking(head: string, given: string, id: number): string {
  const asked = `\treturn gh_ask_pointer(${id}, given, 1, ${HERE});`;
  return [`GH_OWN ${head}`, "{", `\tstruct gh_argument given[] = { ${given} };`, "", asked, "}", ""].join("\n");
}

function currentStub({ id }: DeclaredCall): string {
  const asked = `\treturn gh_ask_pointer(${id}, NULL, 0, ${HERE});`;
  const head = "GH_OWN struct task_struct *gh_current(void)";
  return [head, "{", asked, "}", "#define current gh_current()", ""].join("\n");
}

/** What the queue is to be like is the simulator's business. */
function workqueueStub({ id }: DeclaredCall): string {
  const asked = `\treturn gh_ask_pointer(${id}, NULL, 0, ${HERE});`;
  const head = "GH_OWN struct workqueue_struct *gh_alloc_workqueue(void)";
  const names = ["alloc_workqueue", "alloc_ordered_workqueue", "create_workqueue", "create_singlethread_workqueue"];
  return [head, "{", asked, "}", ...names.map((name) => `#define ${name}(...) gh_alloc_workqueue()`), ""].join("\n");
}

function threadStub({ id, name }: DeclaredCall): string {
  const helper = asking(`struct task_struct *gh_${name}(void *body)`, "GH_POINTER(body, -1)", id);
  return `${helper}#define ${name}(body, data, ...) (gh_nothing(data, __VA_ARGS__), gh_${name}((void *)(body)))\n`;
}

function allocationStub({ id }: DeclaredCall): string {
  const helper = asking("void *gh_allocate(size_t bytes)", "GH_NUMBER(bytes)", id);
  const one = ["kmalloc", "kzalloc", "kvmalloc", "kvzalloc"].map(
    (name) => `#define ${name}(bytes, ...) (gh_nothing(__VA_ARGS__), gh_allocate(bytes))\n`,
  );
  const many = ["kcalloc", "kmalloc_array"].map(
    (name) => `#define ${name}(count, bytes, ...) (gh_nothing(__VA_ARGS__), gh_allocate((count) * (bytes)))\n`,
  );
  const objects = ["kzalloc_obj", "kmalloc_obj"].map(
    (name) => `#define ${name}(object, ...) ((__typeof__(object) *)gh_allocate(sizeof(object)))\n`,
  );
  return [helper, ...one, ...many, ...objects].join("");
}

/**
 * A call without effect: its arguments are evaluated, and its result is the one that the model has.
 *
 * @param result its type's text
 * @param outcome text of the result, null for zero; `stop` where no history may go on behind the call
 */
export function noEffectText(name: string, result: string, outcome: string | null): string {
  const nothing = "gh_nothing(__VA_ARGS__)";
  // Its address may be taken: the function has the same name as the macro.
  if (outcome === "stop") {
    const value = result === "void" ? "" : ` (${result})0;`;
    const beyond = `__attribute__((unused)) static void ${name}() { gh_stop(GH_STOP_UNMODELLED, ${HERE}); }\n`;
    return `${beyond}#define ${name}(...) ({ ${nothing}; gh_stop(GH_STOP_UNMODELLED, ${HERE});${value} })\n`;
  }
  const without = `__attribute__((unused)) static long ${name}() { return 0; }\n`;
  const zero = result === "void" ? `((void)${nothing})` : `(${nothing}, (${result})${outcome ?? "0"})`;
  return `${without}#define ${name}(...) ${zero}\n`;
}

/** A lock under which nobody else runs is taken or released; which one it is makes no difference. */
export function lockText(name: string, point: "take" | "release"): string {
  const kind = `GH_POINT_${point.toUpperCase()}`;
  return `#define ${name}(...) (gh_nothing(__VA_ARGS__), gh_preemption_point(${kind}))\n`;
}

/** Somebody else may run before a call is made. The name means the function from there on: macros do not recur. */
export function preemptedText(name: string): string {
  return `#define ${name}(...) (gh_preemption_point(GH_POINT_BEFORE), ${name}(__VA_ARGS__))\n`;
}

/** How the driver calls a function of the slice, and the table of functions that have addresses. */
export function entryText(entries: readonly EntryPlan[], addresses: readonly string[]): string {
  // A struct that is handed over by value has no words to be told in.
  const told = entries.filter(
    ({ parameters, result }) => ![...parameters, result].some((one) => one.kind === "untold"),
  );
  const cases = told.map(({ index, name, parameters, result }) => {
    const given = parameters.map((one, i) =>
      one.kind === "pointer" ? `(void *)(unsigned long)given[${i}]` : `given[${i}]`,
    );
    const call = `${name}(${given.join(", ")})`;
    const done =
      result.kind === "void"
        ? `${call};\n\t\treturn 0;`
        : result.kind === "pointer"
          ? `*is_pointer = 1;\n\t\treturn (long long)(unsigned long)${call};`
          : `return (long long)${call};`;
    return `\tcase ${index}:\n\t\t${done}\n`;
  });
  const table = addresses.map((one) => `\t(void *)${one},\n`).join("");
  return `long long gh_enter(int function, const long long *given, int *is_pointer)
{
	(void)given;
	(void)is_pointer;
	switch (function) {
${cases.join("")}	default:
		return 0;
	}
}

void *const gh_functions[] = {
${table}	(void *)0,
};
const int gh_function_count = ${addresses.length};
`;
}
