/**
 * What goes between a recorded history and the compiled slice: words of 32 bits, values of 64 bits as two of them, the
 * low one first. A script says what the surroundings do; events say what the slice does, and both sides make them.
 */

/** What the surroundings do. */
export const COMMAND = {
  /** value */
  JIFFIES: 1,
  /** object, leaf, value */
  WRITE: 2,
  /** object, layout */
  NEW: 3,
  /** object, bytes */
  NEW_BYTES: 4,
  /** pointer, count, bytes */
  BYTES: 5,
  /** argument, element, value: a store through an argument of the present call */
  OUT: 6,
  /** argument, leaf, value */
  OUT_LEAF: 7,
  /** coroutine, function, count, then for each argument whether it is a pointer, and its value */
  ENTER: 8,
  /** coroutine */
  RESUME: 9,
  /** value: the end of the present call */
  RESULT: 10,
  BLOCK: 11,
  /** the condition of a wait is to be evaluated */
  EVALUATE: 12,
  END: 13,
  /** count, bytes: what the present call receives */
  RECEIVED: 14,
  /** the slice is looked at without running: what variables start with */
  LOOK: 15,
  /** object, layout, count: structs in a row, with numbers from that of the first on */
  NEW_ARRAY: 16,
  /** argument, count: the bytes that it points to are to be told */
  SHOW: 17,
  /** object, leaf: it is in a branch of a union that is not alive, and is not looked at */
  SLEEP: 18,
  /** object, leaf: its branch is alive, and it is to be told */
  WAKE: 19,
  /** object, leaf: something else was stored over it */
  SCRAMBLE: 20,
  /** number of the preemption point, counted from the beginning of the history: there the thread loses the CPU */
  PREEMPT: 21,
} as const;

/** What the slice does: the low 8 bits of an event's first word, with a number in the others. */
export const EVENT = {
  /** number of the callee; then its arguments */
  CALL: 1,
  /** object, ordinal, value: a scalar is another than at the last event */
  CHANGE: 2,
  /** number of the function; value */
  RETURN: 3,
  /** 0 or 1 */
  CONDITION: 4,
  /** a place that ends the run is reached: BUG(), a call beyond the model */
  STOP: 5,
  /** the compiled slice cannot go on, for one of FAULT */
  FAULT: 6,
  END: 7,
  /** value: the address that the next event comes from; on demand only */
  PLACE: 8,
  /** count; bytes that an argument of the present call points to */
  BYTES: 9,
  /** one of POINT; spinlocks that the thread holds, as this side counts them */
  PREEMPT: 10,
} as const;

/** Where a thread may lose the CPU: before a lock is taken, after one is released, before what else C may race at. */
export const POINT = { TAKE: 0, RELEASE: 1, BEFORE: 2 } as const;

export const FAULT = {
  /** the slice asks for something else than the history has */
  SCRIPT: 1,
  /** more memory than the harness has */
  MEMORY: 2,
  MEMORY_ACCESS: 3,
  ARITHMETIC: 4,
  TIME: 5,
  /** of the model alone: it cannot go on where C can */
  MODEL: 6,
} as const;

/**
 * High words of pointers that lie in no object. Low word 0: null; 1: somewhere that has no name. LOCAL: what an
 * argument without a name pointed to, counted over all calls of a history; the surroundings may hand it back.
 */
export const POINTER = { FUNCTION: -1, ERROR: -2, LOCAL: -3 } as const;

/** Bits of a pointer's low word that say which place of the object; the others are an offset in bytes. */
export const ORDINAL_BITS = 12;

/** Bytes that are compared where an argument points to bytes, and how deep unnamed structs are looked into. */
export const CONTENT_BYTES = 64;
export const CONTENT_DEPTH = 3;
/** Structs with more scalars are not looked into. */
export const CONTENT_LEAVES = 256;

/** What ends a run: BUG(), or a call or place that the model does not have. */
export const STOP = { BUG: 0, UNMODELLED: 1 } as const;

/** All of it for the C preprocessor. */
export function protocolNumbers(): readonly { readonly name: string; readonly value: number }[] {
  const named = (prefix: string, table: Readonly<Record<string, number>>): { name: string; value: number }[] =>
    Object.entries(table).map(([name, value]) => ({ name: `${prefix}_${name}`, value }));
  return [
    ...named("COMMAND", COMMAND),
    ...named("EVENT", EVENT),
    ...named("FAULT", FAULT),
    ...named("POINTER", POINTER),
    ...named("GH_POINT", POINT),
    ...named("GH_STOP", STOP),
    { name: "ORDINAL_BITS", value: ORDINAL_BITS },
    { name: "CONTENT_BYTES", value: CONTENT_BYTES },
    { name: "CONTENT_DEPTH", value: CONTENT_DEPTH },
    { name: "CONTENT_LEAVES", value: CONTENT_LEAVES },
  ];
}
