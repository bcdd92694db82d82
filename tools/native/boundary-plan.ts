/**
 * The calls that leave a slice, numbered for both sides: what the recorder wraps and what the harness has stubs for.
 */
import type { CFunction } from "../c/file.ts";
import { type Prototype, primitiveOf } from "../translate/boundary.ts";
import {
  type CType,
  type FunctionType,
  isInt,
  pointerTo,
  S32,
  S64,
  structType,
  U64,
  VOID,
} from "../translate/c-types.ts";
import type { ModelContext } from "../translate/context.ts";
import { RECEIVING, ROUNDING, TIME_UNITS } from "../translate/primitives.ts";
import type { Layouts } from "./layout.ts";

/** How one argument or result is told. */
export interface ValuePlan {
  readonly kind: "void" | "int" | "bool" | "pointer" | "untold";
  /** Layout of the struct that a pointer points to. */
  readonly layout: number | null;
  /** Set where it points to a lone scalar or an array of such. */
  readonly cell: "int" | "bool" | "pointer" | null;
  /** Bits of an integer. */
  readonly bits: number;
  readonly signed: boolean;
  /** Tag of the struct that a pointer points to. */
  readonly target: string | null;
}

export type CallKind =
  | "environment"
  | "member"
  | "primitive"
  | "unit"
  | "rounding"
  | "receive"
  | "wait"
  | "allocate"
  | "thread"
  | "workqueue"
  | "current";

/** A call over the boundary. */
export interface CallPlan {
  readonly id: number;
  /** C name; `struct.member` of members. */
  readonly name: string;
  readonly kind: CallKind;
  /** File of tools/simulator/ whose function the recorder wraps, and that function's name. */
  readonly module: string | null;
  readonly exported: string;
  readonly takesKernel: boolean;
  readonly blocks: boolean;
  readonly parameters: readonly ValuePlan[];
  readonly result: ValuePlan;
}

/** A call with all that is needed to write its stub. */
export interface DeclaredCall extends CallPlan {
  /** Where its C declaration stands: a definition of the tree, or a prototype. */
  readonly declared: CFunction | Prototype | null;
  readonly type: FunctionType;
}

/** Primitives that the surroundings answer; all others are plain memory, which each side has itself. */
const ASKED_MODULES = new Set([
  "workqueue",
  "workqueue-cancel",
  "timers",
  "wait",
  "wait-bit",
  "completion",
  "mutex",
  "tasks",
]);
const ASKED_NAMES = new Set(["usleep_range", "kthread_should_stop", "ktime_get", "nsecs_to_jiffies"]);
/** Parameters that are numbers to C and mostly the address of an object, by function and place. */
const ADDRESSES: Readonly<Record<string, number>> = { setup_timer: 2 };

const ALLOCATING = ["kmalloc", "kzalloc", "kcalloc", "kmalloc_array", "kvmalloc", "kvzalloc", "__allocate_object"];
const POINTER_TO_NOTHING = pointerTo(VOID);

export function valuePlan(model: ModelContext, layouts: Layouts, type: CType): ValuePlan {
  const none = { layout: null, cell: null, bits: 0, signed: false, target: null } as const;
  if (type.kind === "void") return { ...none, kind: "void" };
  if (isInt(type)) return { ...none, kind: type.isBool ? "bool" : "int", bits: type.bits, signed: type.signed };
  if (type.kind !== "pointer") return { ...none, kind: "untold" };
  const { to } = type;
  if (to.kind === "struct") {
    const layout = layouts.of(to.tag);
    return { ...none, kind: "pointer", layout: layout?.index ?? null, target: to.tag };
  }
  if (isInt(to) && (to.bits > 8 || to.isBool)) {
    return { ...none, kind: "pointer", cell: to.isBool ? "bool" : "int", bits: to.bits, signed: to.signed };
  }
  const isPointerCell = to.kind === "pointer" && model.pointerForm(type) === "cell";
  return { ...none, kind: "pointer", cell: isPointerCell ? "pointer" : null };
}

/** Everything that a translated slice calls over its boundary, in a fixed order. */
export function boundaryPlan(model: ModelContext, layouts: Layouts): readonly DeclaredCall[] {
  const plans: DeclaredCall[] = [];
  const add = (
    name: string,
    kind: CallKind,
    type: FunctionType,
    more: Partial<Pick<DeclaredCall, "module" | "exported" | "takesKernel" | "blocks" | "declared">> = {},
  ): void => {
    plans.push({
      id: plans.length,
      name,
      kind,
      module: null,
      exported: name,
      takesKernel: false,
      blocks: false,
      declared: null,
      ...more,
      parameters: type.parameters.map((one, i) =>
        valuePlan(model, layouts, ADDRESSES[name] === i ? POINTER_TO_NOTHING : one),
      ),
      result: valuePlan(model, layouts, type.result),
      type,
    });
  };
  for (const [name, one] of sorted(model.environmentCalls)) {
    const type = "bodyStart" in one ? model.signature(one) : model.prototype(one);
    const blocks = model.boundary.played(name)?.blocks ?? false;
    if (type !== null) add(name, "environment", type, { blocks, declared: one });
  }
  for (const key of [...model.environmentMembers].sort()) {
    const [tag = "", member = ""] = key.split(".");
    const type = functionType(model.types.struct(tag)?.fields.get(member)?.type);
    if (type !== null) add(key, "member", type, { exported: member });
  }
  for (const [module, names] of sorted(model.imports)) {
    for (const name of [...names].sort()) addImported(model, module, name, add);
  }
  for (const name of Object.keys(TIME_UNITS)) {
    const type = model.parse?.(`${TIME_UNITS[name]};`) ?? null;
    if (type !== null && name !== "secs_to_jiffies") add(name, "unit", type);
  }
  add("kmalloc", "allocate", functionOf(POINTER_TO_NOTHING, [U64]), { module: "model", exported: "allocated" });
  add("current", "current", functionOf(pointerTo(structType("task_struct")), []), {
    module: "tasks",
    exported: "currentTask",
    takesKernel: true,
  });
  return plans;
}

function addImported(
  model: ModelContext,
  module: string,
  name: string,
  add: (
    name: string,
    kind: CallKind,
    type: FunctionType,
    more: Partial<Pick<DeclaredCall, "module" | "exported" | "takesKernel" | "blocks" | "declared">>,
  ) => void,
): void {
  const primitive = primitiveOf(name);
  if (primitive !== undefined && (ASKED_MODULES.has(module) || ASKED_NAMES.has(name))) {
    const type = model.prototype(primitive);
    const { takesKernel, blocks } = primitive;
    if (type !== null) add(name, "primitive", type, { module, takesKernel, blocks, declared: primitive });
    return;
  }
  if (name === "alloc_workqueue") {
    const type = functionOf(pointerTo(structType("workqueue_struct")), []);
    add(name, "workqueue", type, { module, takesKernel: true });
  } else if (/^wait_event/.test(name)) {
    const isTimed = name.endsWith("_timeout");
    const result = name === "wait_event" ? VOID : isTimed ? S64 : S32;
    const given = [pointerTo(structType("wait_queue_head")), ...(isTimed ? [S64] : [])];
    add(name, "wait", functionOf(result, given), { module, blocks: true });
  } else if (/^receive_/.test(name)) {
    const cName = name.replace(/^receive_/, "").replace(/_size$/, "");
    const form = cName === "kernel_recvmsg" ? cName : `sock_recvmsg${name.endsWith("_size") ? 4 : 3}`;
    const type = model.parse?.(`${RECEIVING[form]};`) ?? null;
    if (type !== null) add(cName, "receive", type, { module, exported: name, blocks: true });
  } else if (/^kthread_(?:run|create)$/.test(name)) {
    const task = pointerTo(structType("task_struct"));
    add(name, "thread", functionOf(task, [pointerTo(functionOf(S32, [POINTER_TO_NOTHING]))]), { module });
  } else if (ROUNDING.has(name)) {
    const type = model.parse?.(`unsigned long ${name}(unsigned long j);`) ?? null;
    if (type !== null) add(name, "rounding", type, { module });
  }
}

function functionOf(result: CType, parameters: readonly CType[]): FunctionType {
  return { kind: "function", result, parameters };
}

function functionType(type: CType | undefined): FunctionType | null {
  if (type?.kind === "function") return type;
  return type?.kind === "pointer" ? functionType(type.to) : null;
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Names of allocations, which are one call for both sides. */
export function isAllocation(name: string): boolean {
  return ALLOCATING.includes(name);
}

/** A function of the slice that the surroundings may call, or whose address they may get. */
export interface EntryPlan {
  readonly index: number;
  readonly name: string;
  readonly parameters: readonly ValuePlan[];
  readonly result: ValuePlan;
}

/** Such a function with its C. */
export interface SliceEntry extends EntryPlan {
  readonly fn: CFunction;
}

/** All functions of the slice, in the model's order. */
export function entryPlans(model: ModelContext, layouts: Layouts): readonly SliceEntry[] {
  return [...model.slice.values()].flatMap(({ fn, name }, index) => {
    const type = model.signature(fn);
    const value = (one: CType): ValuePlan => valuePlan(model, layouts, one);
    return [
      {
        index,
        name,
        fn,
        parameters: (type?.parameters ?? []).map(value),
        result: value(type?.result ?? VOID),
      },
    ];
  });
}
