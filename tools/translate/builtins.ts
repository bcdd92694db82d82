/**
 * Calls with a meaning of their own: what known-macros.ts words as `__name`, allocation, memory, waiting, threads, the
 * comparisons of jiffies.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import type { SizedByCaller } from "./boundary.ts";
import {
  CHAR_POINTER,
  type CType,
  commonType,
  decayed,
  type FunctionType,
  isInt,
  pointerTo,
  S32,
  S64,
  structType,
  U32,
  U64,
  VOID,
  VOID_POINTER,
} from "./c-types.ts";
import { argumentList, called, structCopy } from "./calls.ts";
import type { FunctionContext } from "./context.ts";
import { convert, typeOfExpression } from "./conversions.ts";
import { expression, failed, ulong } from "./expressions.ts";
import { assignTo, placeOf, readPlace } from "./places.ts";
import { JIFFIES_COMPARISONS, RECEIVING, ROUNDING, TIME_UNITS } from "./primitives.ts";
import { asNumber, BINDS, condition, constantValue, toInteger, truth, type Value, value } from "./value.ts";

type Builtin = (ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string) => Value;

/** The value of a call that the translator knows by name; null for all others. */
export function builtinCall(
  ctx: FunctionContext,
  node: SyntaxNode,
  name: string,
  list: readonly SyntaxNode[],
): Value | null {
  if (JIFFIES_COMPARISONS.has(name)) return jiffiesComparison(ctx, list, name);
  if (Object.hasOwn(TIME_UNITS, name)) return timeUnit(ctx, node, list, name);
  if (ROUNDING.has(name)) return rounding(ctx, list, name);
  const builtin = BUILTINS[name];
  return builtin === undefined ? null : builtin(ctx, node, list, name);
}

function jiffiesComparison(ctx: FunctionContext, list: readonly SyntaxNode[], name: string): Value {
  const type = ulong(ctx);
  const given = list.map((one) => convert(ctx, expression(ctx, one), type).code);
  ctx.model.use("jiffies", "jiffiesComparisons");
  ctx.model.comparisons.add(name);
  return truth(`${name}(${given.join(", ")})`, BINDS.primary);
}

function timeUnit(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const type = ctx.model.parse?.(`${TIME_UNITS[name]};`) ?? null;
  if (type === null) return failed(ctx, node, name);
  const given = argumentList(ctx, list, type);
  return value(`kernel.units.${name}(${given.join(", ")})`, type.result);
}

function rounding(ctx: FunctionContext, list: readonly SyntaxNode[], name: string): Value {
  const type = ulong(ctx);
  const given = list.map((one) => convert(ctx, expression(ctx, one), type).code);
  return value(`${ctx.model.use("round-jiffies", name)}(kernel.clock, ${given.join(", ")})`, type);
}

/** `__container_of(pointer, (struct x *)0 or a variable of the type, member.path)`. */
function containerOf(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const [pointer, like, member] = list;
  if (pointer === undefined || like === undefined || member === undefined) return failed(ctx, node, "container_of");
  const type = decayed(expression(ctx, like).type);
  if (type.kind !== "pointer") return failed(ctx, node, "container_of", VOID_POINTER);
  const path = ctx.textOf(member).replace(/\s+/g, "").split(".");
  noteMembers(ctx, type.to, path);
  const { code } = expression(ctx, pointer);
  const text = `${ctx.model.use("structs", "container_of")}<${ctx.model.ts(type)}>(${code}, ${path.length})`;
  return value(text, type);
}

/** container_of() needs the member to be there. */
function noteMembers(ctx: FunctionContext, type: CType, path: readonly string[]): void {
  let at = type;
  for (const name of path) {
    const struct = at.kind === "struct" ? ctx.model.types.struct(at.tag) : null;
    const field = struct?.fields.get(name);
    if (struct === null || field === undefined) return;
    if (struct.kind === "object") ctx.model.useField(struct, name);
    at = field.type;
  }
}

/** `__list_next(pos, cursor, member)`: pos becomes the entry at the cursor; always true. */
function listNext(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const [position, , member] = list;
  const cursor = ctx.cursors.at(-1);
  const place = position === undefined ? null : placeOf(ctx, position);
  if (place === null || member === undefined || cursor === undefined || position === undefined) {
    return failed(ctx, node, "list iteration");
  }
  const type = decayed(place.type);
  if (type.kind !== "pointer") return failed(ctx, node, "list iteration");
  const path = ctx.textOf(member).replace(/\s+/g, "").split(".");
  noteMembers(ctx, type.to, path);
  const entry = `${ctx.model.use("structs", "container_of")}<${ctx.model.ts(type)}>(${cursor.name}, ${path.length})`;
  return truth(`(${place.write(entry)}, true)`, BINDS.primary);
}

function listKeep(ctx: FunctionContext, node: SyntaxNode): Value {
  const cursor = ctx.cursors.at(-1);
  const next = ctx.local("__list_cursor_next");
  if (cursor === undefined || next === undefined) return failed(ctx, node, "list iteration");
  return truth(`(${next.name} = ${cursor.name}.next, true)`, BINDS.primary);
}

function listKept(ctx: FunctionContext, node: SyntaxNode): Value {
  const next = ctx.local("__list_cursor_next");
  if (next === undefined) return failed(ctx, node, "list iteration");
  return value(next.name, pointerTo(structType("list_head")));
}

/** `__list_end(pos)`: what pos is behind the last entry is no entry; whoever follows it is stopped. Always false. */
function listEnd(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const place = list[0] === undefined ? null : placeOf(ctx, list[0]);
  if (place === null) return failed(ctx, node, "list iteration");
  return truth(`(${place.write("NULL")}, false)`, BINDS.primary);
}

function extremum(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const [first, second] = list.map((one) => asNumber(expression(ctx, one)));
  if (first === undefined || second === undefined || !isInt(first.type) || !isInt(second.type)) {
    return failed(ctx, node, "minimum or maximum of these");
  }
  const type = commonType(first.type, second.type);
  const a = toInteger(first, type);
  const b = toInteger(second, type);
  if (a.constant !== null && b.constant !== null) {
    const isFirst = name === "__min" ? a.constant <= b.constant : a.constant >= b.constant;
    return constantValue(isFirst ? a.constant : b.constant, type);
  }
  if (type.bits < 64) return value(`Math.${name.slice(2)}(${a.code}, ${b.code})`, type);
  const less = type.signed ? "ltS64" : "ltU64";
  return value(`${ctx.model.use("model", `${name.slice(2)}64`)}(${a.code}, ${b.code}, ${less})`, type);
}

/** `__like(a, b)`: b in the type of a. */
function like(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const [model, given] = list;
  const type = model === undefined ? null : typeOfExpression(ctx, model);
  if (type === null || given === undefined) return failed(ctx, node, "conversion to the type of this");
  return convert(ctx, expression(ctx, given), type, true);
}

function bug(ctx: FunctionContext): Value {
  return value(`${ctx.model.use("model", "bug")}("${ctx.functionName}")`, VOID);
}

/** kmalloc() and its kin: a fresh object of the type that it is assigned to; statements.ts says which. */
function allocation(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const wanted = wantedType(ctx, node);
  const evaluated = list.map((one) => expression(ctx, one));
  if (wanted === null || wanted.kind !== "pointer")
    return failed(ctx, node, `${name} of an unknown type`, VOID_POINTER);
  if (name === "__allocate_object") return allocated(ctx, node, wanted.to, null);
  const counted = /^kcalloc|array$/.test(name);
  const bytes = counted
    ? `mul64(${evaluated[0]?.code ?? "1"}, ${evaluated[1]?.code ?? "1"})`
    : (evaluated[0]?.code ?? "0");
  return allocated(ctx, node, wanted.to, bytes);
}

function allocated(ctx: FunctionContext, node: SyntaxNode, type: CType, bytes: string | null): Value {
  const pointer = pointerTo(type);
  const form = ctx.model.pointerForm(pointer);
  const { model } = ctx;
  const heap = model.use("model", "allocated");
  if (form === "bytes" || form === "void") {
    const fresh = `${model.use("model", "allocateBytes")}(${bytes ?? "0"})`;
    return value(`${heap}(${fresh})`, form === "void" ? CHAR_POINTER : pointer);
  }
  if (form !== "struct" || type.kind !== "struct") return failed(ctx, node, "allocation of this type", pointer);
  const larger = bytes === null || /^[\d(]/.test(bytes) ? null : sizedByCaller(ctx, type.tag);
  if (larger !== null) {
    model.useMember(larger.struct, larger.member);
    const made = model.newStruct(larger.struct, '"allocated"', "null");
    return value(`${heap}(${made}).${larger.member}`, pointer);
  }
  const made = model.newStruct(type.tag, '"allocated"', "null");
  const size = model.types.sizeOf(type);
  // Of an unknown layout a struct has the size 1, as sizeOfStruct() says.
  const isOne = bytes === null || bytes === `${size}` || (size === null && !bytes.startsWith("mul64("));
  if (isOne) return value(`${heap}(${made})`, pointer);
  return value(`${heap}(${model.use("model", "allocateStructs")}(${bytes}, ${size ?? 1}, () => ${made}))`, pointer);
}

/**
 * The struct that an allocation of a size said by the caller is really of. A function may allocate other things too:
 * those are not of the member's type.
 */
function sizedByCaller(ctx: FunctionContext, tag: string): SizedByCaller | null {
  const { boundary, types } = ctx.model;
  const one = boundary.system.allocations?.find((larger) => larger.function === ctx.functionName);
  const member = one === undefined ? undefined : types.struct(one.struct)?.fields.get(one.member);
  return one !== undefined && member?.type.kind === "struct" && member.type.tag === tag ? one : null;
}

/** The type of what a call's result is assigned to. */
function wantedType(ctx: FunctionContext, node: SyntaxNode): CType | null {
  let at: SyntaxNode | null = node.parent;
  while (at !== null && (at.type === "parenthesized_expression" || at.type === "conditional_expression"))
    at = at.parent;
  if (at === null) return null;
  if (at.type === "cast_expression") {
    const type = childOf(at, "type");
    return type === undefined ? null : ctx.model.types.typeName(type, ctx.text.text);
  }
  if (at.type === "assignment_expression") {
    const left = childOf(at, "left");
    return left === undefined ? null : (placeOf(ctx, left)?.type ?? null);
  }
  if (at.type === "init_declarator") {
    const name = /(\w+)\s*=/.exec(ctx.textOf(at))?.[1];
    return name === undefined ? null : (ctx.local(name)?.type ?? null);
  }
  if (at.type === "return_statement") return ctx.result;
  return null;
}

function memory(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const given = list.map((one) => expression(ctx, one));
  const [to, from, bytes] = given;
  if (to === undefined || from === undefined || bytes === undefined) return failed(ctx, node, name);
  const type = decayed(to.type);
  const count = convert(ctx, bytes, U64).code;
  const element = type.kind === "pointer" ? ctx.model.types.sizeOf(type.to) : null;
  const size = element === null || element <= 1 ? "" : `, ${element}`;
  const second = name === "memset" ? convert(ctx, from, S32).code : from.code;
  return value(`${ctx.model.use("structs", name)}(${to.code}, ${second}, ${count}${size})`, to.type);
}

/** wait_event(head, condition, ...): the condition is asked after each wake-up. */
function waitEvent(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const [head, asked, timeout] = list;
  if (head === undefined || asked === undefined) return failed(ctx, node, name);
  const before = ctx.blocks;
  const test = condition(expression(ctx, asked)).code;
  if (test.includes("yield*") || ctx.blocks !== before) return failed(ctx, node, "a wait whose condition blocks");
  const place = expression(ctx, head);
  const given = [place.code, `() => ${test}`];
  if (timeout !== undefined) given.push(convert(ctx, expression(ctx, timeout), S64).code);
  const result: CType = name === "wait_event" ? VOID : timeout === undefined ? S32 : S64;
  return called(ctx, `${ctx.model.use("wait", name)}(${given.join(", ")})`, result, true);
}

function thread(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const [body, data, title] = list;
  if (body === undefined || data === undefined) return failed(ctx, node, name);
  const fn = expression(ctx, withoutCasts(body));
  const type = fn.type.kind === "pointer" && fn.type.to.kind === "function" ? fn.type.to : null;
  if (type === null || !/^\w+$/.test(fn.code)) return failed(ctx, node, "a thread of this function", VOID_POINTER);
  ctx.model.threads.add(fn.code);
  const given = argumentList(ctx, [data], type as FunctionType).join(", ");
  const text = title === undefined ? '"kthread"' : ctx.textOf(title);
  const label = text.startsWith('"') ? text : '"kthread"';
  const run = `function* () { yield* ${fn.code}(${given}); }`;
  const made = `${ctx.model.use(name === "kthread_run" ? "tasks" : "model", name)}(kernel, ${label}, ${run})`;
  return value(made, pointerTo(structType("task_struct")));
}

function withoutCasts(node: SyntaxNode): SyntaxNode {
  let at = node;
  for (;;) {
    const inner: SyntaxNode | undefined =
      at.type === "cast_expression"
        ? childOf(at, "value")
        : at.type === "parenthesized_expression"
          ? at.children[0]
          : undefined;
    if (inner === undefined) return at;
    at = inner;
  }
}

function receive(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const form = name === "kernel_recvmsg" ? name : `sock_recvmsg${list.length}`;
  const prototype = RECEIVING[form];
  const type = prototype === undefined ? null : (ctx.model.parse?.(`${prototype};`) ?? null);
  if (type === null) return failed(ctx, node, "receive with these arguments");
  const given = argumentList(ctx, list, type);
  const text = `${ctx.model.use("kernel-structs", `receive_${name}`)}(${given.join(", ")})`;
  return called(ctx, text, type.result, true);
}

function exchange(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const [pointer, ...rest] = list;
  const target = pointer === undefined ? undefined : expression(ctx, pointer);
  const type = target === undefined ? undefined : decayed(target.type);
  if (target === undefined || type?.kind !== "pointer") return failed(ctx, node, name);
  const given = rest.map((one) => convert(ctx, expression(ctx, one), type.to).code);
  return value(`${ctx.model.use("structs", name)}(${[target.code, ...given].join(", ")})`, type.to);
}

function swapped(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const [a, b] = list;
  const first = a === undefined ? null : placeOf(ctx, a);
  const second = b === undefined ? null : placeOf(ctx, b);
  if (first === null || second === null || a === undefined || b === undefined) return failed(ctx, node, "swap");
  if (first.type.kind === "array") return failed(ctx, node, "swap of arrays");
  const kept = ctx.temporary("swapped", first.type).name;
  const before = first.type.kind === "struct" ? structCopy(ctx, first.type.tag, first.read) : first.read;
  const stores = [
    assignTo(ctx, node, first, readPlace(ctx, second), true).code,
    assignTo(ctx, node, second, value(kept, first.type), true).code,
  ];
  return value(`(${[`${kept} = ${before}`, ...stores].join(", ")})`, VOID);
}

function offset(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const [like, member] = list;
  const type = like === undefined ? null : decayed(expression(ctx, like).type);
  let at: CType | null = type?.kind === "pointer" ? type.to : null;
  let sum = 0;
  for (const part of member === undefined ? [] : ctx.textOf(member).replace(/\s+/g, "").split(".")) {
    const field = at?.kind === "struct" ? ctx.model.types.struct(at.tag)?.fields.get(part) : undefined;
    if (field?.offset === null || field === undefined) return failed(ctx, node, "offset of this member", ulong(ctx));
    sum += field.offset;
    at = field.type;
  }
  const size = name === "__offsetofend" && at !== null ? ctx.model.types.sizeOf(at) : 0;
  if (size === null) return failed(ctx, node, "size of this member", ulong(ctx));
  return constantValue(BigInt(sum + size), ulong(ctx));
}

/** alloc_workqueue() and its kin: what they are given says how many items may run at a time, which nothing needs. */
function workqueue(ctx: FunctionContext, _node: SyntaxNode, list: readonly SyntaxNode[], name: string): Value {
  const text = list[0] === undefined ? "" : ctx.textOf(list[0]);
  const label = text.startsWith('"') ? text : '"workqueue"';
  const isOrdered = /ordered|singlethread/.test(name);
  const options = isOrdered ? "{ ...model.workqueueOptions, maxActive: 1 }" : "model.workqueueOptions";
  const made = `${ctx.model.use("workqueue", "alloc_workqueue")}(kernel, ${label}, ${options})`;
  return value(made, pointerTo(structType("workqueue_struct")));
}

/** guard(mutex)(&lock): locks are without effect here. */
function guard(): Value {
  return value("undefined", VOID);
}

/** `__array_size(array)`: the number of its elements. */
function arraySize(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const type = list[0] === undefined ? null : typeOfExpression(ctx, list[0]);
  if (type?.kind !== "array" || type.length === null) return failed(ctx, node, "size of this array", ulong(ctx));
  return constantValue(BigInt(type.length), ulong(ctx));
}

/** likely() and unlikely() make a truth of what they are given. */
function isTrue(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  return list[0] === undefined ? failed(ctx, node, "likely()") : condition(expression(ctx, list[0]));
}

/** `__builtin_expect(x, y)` is x; `__builtin_constant_p` is false. */
function expected(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  return list[0] === undefined ? failed(ctx, node, "__builtin_expect") : expression(ctx, list[0]);
}

function assignedResult(ctx: FunctionContext, node: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const [n, base] = list;
  const place = n === undefined ? null : placeOf(ctx, n);
  if (place === null || base === undefined || !isInt(place.type)) return failed(ctx, node, "do_div");
  const given = convert(ctx, expression(ctx, base), U32).code;
  const kept = ctx.temporary("dividend", place.type);
  const divisor = ctx.temporary("divisor", U32).name;
  const quotient = assignTo(ctx, node, place, value(`divU64(${kept.name}, ${divisor})`, U64)).code;
  const rest = `toU32(modU64(${kept.name}, ${divisor}))`;
  return value(`(${divisor} = ${given}, ${kept.name} = ${place.read}, ${quotient}, ${rest})`, U32);
}

const BUILTINS: Readonly<Record<string, Builtin>> = {
  __container_of: containerOf,
  __list_next: listNext,
  __list_keep: listKeep,
  __list_kept: listKept,
  __list_end: listEnd,
  __min: extremum,
  __max: extremum,
  __like: like,
  __bug: bug,
  __swap: swapped,
  __offsetof: offset,
  __offsetofend: offset,
  __guard: guard,
  __truth: isTrue,
  __do_div: assignedResult,
  __array_size: arraySize,
  __builtin_expect: expected,
  __builtin_constant_p: () => constantValue(0n, S32),
  alloc_workqueue: workqueue,
  alloc_ordered_workqueue: workqueue,
  create_workqueue: workqueue,
  create_singlethread_workqueue: workqueue,
  kmalloc: allocation,
  kzalloc: allocation,
  kcalloc: allocation,
  kmalloc_array: allocation,
  kvmalloc: allocation,
  kvzalloc: allocation,
  __allocate_object: allocation,
  memset: memory,
  memcpy: memory,
  memmove: memory,
  wait_event: waitEvent,
  wait_event_interruptible: waitEvent,
  wait_event_killable: waitEvent,
  wait_event_timeout: waitEvent,
  wait_event_interruptible_timeout: waitEvent,
  wait_event_killable_timeout: waitEvent,
  kthread_run: thread,
  kthread_create: thread,
  kernel_recvmsg: receive,
  sock_recvmsg: receive,
  xchg: exchange,
  cmpxchg: exchange,
};
