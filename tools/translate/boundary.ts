/**
 * Where a slice ends: what becomes of each call. A system says which functions its environment plays and which have no
 * effect on timing; the rest is a primitive of the simulator, a function of the kernel's own to be translated, or
 * unmodelled.
 */
import { knownConstant } from "./known-constants.ts";
import { JIFFIES_COMPARISONS, PRIMITIVE_PROTOTYPES, ROUNDING, TIME_UNITS } from "./primitives.ts";
import { isRuntimeField } from "./runtime-structs.ts";

/** Functions without effect on timing, and why that is so. */
export interface NoEffectFamily {
  readonly reason: string;
  /** Whole names or regular expressions of whole names, separated by blanks. */
  readonly names: string;
  /** TypeScript for the result where it is used; the zero of its type when absent. */
  readonly result?: string;
  /** Whether some configuration leaves the calls out with their arguments, as it does with dprintk() and pr_debug(). */
  readonly mayBeLeftOut?: boolean;
}

/** What a system names of the source, for the translator. */
export interface SystemModel {
  readonly name: string;
  /** Functions that the environment calls: where the model begins. */
  readonly entries: readonly EntryPoint[];
  /** Fields of which every store is to be in the model, as `struct.field`. */
  readonly stores: readonly string[];
  /** Further fields that nothing outside the model may store, as `struct.field`. */
  readonly guarded: readonly string[];
  /** Fields that functions without effect must not store, as `struct.field`; the environment may. */
  readonly state: readonly string[];
  /**
   * Members (as `struct.member`) and variables that the model keeps and that functions without effect may change:
   * references, and what belongs to parts of the kernel that are not modelled. Any other change contradicts the claim.
   */
  readonly bookkeeping?: readonly string[];
  /** Delayed work of which every arming is to be in the model, as `struct.field`. */
  readonly works: readonly string[];
  /**
   * Members of unions that are alive in turn, as `member`: each is initialised anew before it is used, so that a place
   * of its own for each is as good as one for all. Comparing with compiled C shows where that is wrong.
   */
  readonly inTurn?: readonly string[];
  /** Nowhere when absent: threads run until they block. */
  readonly preemption?: PreemptionPoints;
  /**
   * Allocations of a size that the caller of a function says: which struct is allocated there, and by which member of
   * it the function knows it.
   */
  readonly allocations?: readonly SizedByCaller[];
  /** Functions of the slice whose calls the environment is told of before they are made. */
  readonly observed: readonly string[];
  /**
   * Functions (whole names or expressions of them) that no history of the system is to come to, such as unmounting: a
   * run that calls one stops there.
   */
  readonly beyond: readonly string[];
  /** Functions that the environment plays, with a C prototype for trees that do not define them. */
  readonly environment: readonly string[];
  /** Members of ops tables that the environment plays, as `struct.member`. */
  readonly environmentMembers: readonly string[];
  /** Ops tables: for each struct, the tables in order of preference; the first that the tree has is used. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly noEffect: readonly NoEffectFamily[];
  /** Enumerators and macros whose values the environment needs, where the kernel has them. */
  readonly constants: readonly string[];
}

/** Where another thread may come between, for explorations of schedules. Names or expressions of whole names. */
export interface PreemptionPoints {
  /** Functions before whose calls it may. */
  readonly before: string;
  /** Functions that take a lock under which nobody else runs on the CPU, and those that release it. */
  readonly take: string;
  readonly release: string;
  /** Members that threads share without a lock, as `struct.member`: it may before a statement that names one. */
  readonly members: readonly string[];
}

export interface SizedByCaller {
  readonly function: string;
  readonly struct: string;
  readonly member: string;
}

export interface EntryPoint {
  readonly name: string;
  /** A function that old kernels do not have; the model is complete without it. */
  readonly optional?: boolean;
}

/** A prototype: the C text, and how the simulator's function differs from the kernel's. */
export interface Prototype {
  readonly name: string;
  readonly text: string;
  /** File of tools/simulator/; null for the environment. */
  readonly module: string | null;
  /** Whether the simulator's function takes the kernel first. */
  readonly takesKernel: boolean;
  readonly blocks: boolean;
}

const HEAD = /^\s*(kernel\s+)?(blocking\s+)?(.*?\b(\w+)\s*\([\s\S]*\))\s*;?\s*$/;

/** Reads `kernel blocking void msleep(unsigned int msecs);`. */
export function prototypeOf(line: string, module: string | null): Prototype {
  const match = HEAD.exec(line);
  const text = match?.[3];
  const name = /(\w+)\s*\(/.exec(text ?? "")?.[1];
  if (match === null || text === undefined || name === undefined) throw new Error(`not a prototype: ${line}`);
  return { name, text: `${text};`, module, takesKernel: match[1] !== undefined, blocks: match[2] !== undefined };
}

function prototypesIn(text: string, module: string | null): Prototype[] {
  return text
    .split(";")
    .filter((line) => line.trim() !== "")
    .map((line) => prototypeOf(line, module));
}

let primitives: ReadonlyMap<string, Prototype> | null = null;

/** The simulator's function of a kernel primitive's name. */
export function primitiveOf(name: string): Prototype | undefined {
  primitives ??= new Map(
    Object.entries(PRIMITIVE_PROTOTYPES).flatMap(([module, text]) =>
      prototypesIn(text, module).map((one) => [one.name, one] as const),
    ),
  );
  return primitives.get(name);
}

export class Boundary {
  /** Prototypes by name; several where the parameters changed over the years. */
  private readonly environment = new Map<string, Prototype[]>();
  private readonly beyond: RegExp;
  private readonly preempting: { readonly before: RegExp; readonly take: RegExp; readonly release: RegExp } | null;
  private readonly families: readonly { readonly family: NoEffectFamily; readonly matches: RegExp }[];
  private readonly answers = new Map<string, NoEffectFamily | null>();

  constructor(readonly system: SystemModel) {
    for (const line of system.environment) {
      const one = prototypeOf(line, null);
      this.environment.set(one.name, [...(this.environment.get(one.name) ?? []), one]);
    }
    // Without any, nothing is: an empty alternative would take the empty name only.
    this.beyond = new RegExp(`^(?:${system.beyond.join("|")})$`);
    const names = (text: string): RegExp => new RegExp(`^(?:${text.trim().split(/\s+/).join("|")})$`);
    const points = system.preemption;
    this.preempting =
      points === undefined
        ? null
        : { before: names(points.before), take: names(points.take), release: names(points.release) };
    this.families = system.noEffect.map((family) => ({
      family,
      matches: new RegExp(`^(?:${family.names.trim().split(/\s+/).join("|")})$`),
    }));
  }

  /** The environment's function of a name, the one that takes so many arguments if there are several. */
  played(name: string, argumentCount = -1): Prototype | undefined {
    const known = this.environment.get(name);
    return known?.find((one) => one.text.split(",").length === argumentCount) ?? known?.[0];
  }

  /** What a call means for those who want the CPU. */
  preemption(name: string): "before" | "take" | "release" | null {
    const { preempting } = this;
    if (preempting === null) return null;
    if (preempting.take.test(name)) return "take";
    if (preempting.release.test(name)) return "release";
    return preempting.before.test(name) ? "before" : null;
  }

  isBeyond(name: string): boolean {
    return this.beyond.test(name);
  }

  /** Whether a function is played by the environment or has no effect: its body is not in the model. */
  isOutside(name: string): boolean {
    return this.environment.has(name) || this.noEffect(name) !== null || this.isBeyond(name);
  }

  noEffect(name: string): NoEffectFamily | null {
    let answer = this.answers.get(name);
    if (answer === undefined) {
      answer = this.families.find((one) => one.matches.test(name))?.family ?? null;
      this.answers.set(name, answer);
    }
    return answer;
  }

  /** Names that must not be expanded as macros, since the translator knows what they mean. */
  keeps(name: string): boolean {
    return (
      KEPT.has(name) ||
      knownConstant(name) !== null ||
      isRuntimeField(name) ||
      JIFFIES_COMPARISONS.has(name) ||
      Object.hasOwn(TIME_UNITS, name) ||
      ROUNDING.has(name) ||
      primitiveOf(name) !== undefined ||
      this.isOutside(name)
    );
  }
}

/** Names with a meaning of their own in expressions.ts and calls.ts. */
export const KEPT: ReadonlySet<string> = new Set([
  // What known-macros.ts says; some kernels have macros of these names.
  "__container_of",
  "__list_next",
  "__list_keep",
  "__list_kept",
  "__list_end",
  "__min",
  "__max",
  "__bug",
  "__swap",
  "__offsetof",
  "__offsetofend",
  "__guard",
  "__truth",
  "__do_div",
  "__array_size",
  "__allocate_object",
  "jiffies",
  "HZ",
  "current",
  "NULL",
  "true",
  "false",
  "memset",
  "memcpy",
  "memmove",
  "alloc_workqueue",
  "alloc_ordered_workqueue",
  "create_workqueue",
  "create_singlethread_workqueue",
  "kmalloc",
  "kzalloc",
  "kcalloc",
  "kmalloc_array",
  "kvmalloc",
  "kvzalloc",
  "kthread_run",
  "kthread_create",
  "kernel_recvmsg",
  "sock_recvmsg",
  "xchg",
  "cmpxchg",
  "__builtin_expect",
  "__builtin_constant_p",
  "wait_event",
  "wait_event_interruptible",
  "wait_event_killable",
  "wait_event_timeout",
  "wait_event_interruptible_timeout",
  "wait_event_killable_timeout",
]);
