/**
 * Names of C as names of TypeScript: what a model says itself must not be hidden, words of TypeScript not be used.
 */
import { primitiveOf } from "./boundary.ts";
import { JIFFIES_COMPARISONS } from "./primitives.ts";

/** Words of TypeScript that C uses as names, and the names that a model has itself. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export " +
    "extends false finally for function if implements import in instanceof interface let new null package " +
    "private protected public return static super switch this throw true try typeof var void while with yield " +
    "async of number string boolean kernel environment globals tables model NULL HZ undefined Number Struct " +
    "unmodelled __list_cursor any unknown never object symbol bigint declare type readonly Math Array Proxy " +
    "Object Function Readonly Record NaN Infinity globalThis require module exports it missing parameters " +
    "constants createModel Globals Environment ModelOptions Simulation WorkqueueOptions as is abstract " +
    "namespace infer keyof unique global"
  ).split(" "),
);

/** Functions and classes of the simulator that the translator writes, or lets the text be searched for. */
const WRITTEN = new Set(
  (
    "Ref FieldPointer ElementPointer BytePointer Pointer WireField WireField64 Int64 Coroutine cstring " +
    "elementAt setElementAt samePointer container_of copyStruct structArray structPlus structMinus memcpy " +
    "memset memmove memcmp xchg cmpxchg indirect withoutEffect beyond bug endWithoutValue cellsAt bytesAt " +
    "allocateBytes allocateStructs allocated sizeOfStruct initialised min64 max64 kthread_create kthread_run " +
    "currentTask jiffiesComparisons alloc_workqueue toBool eq64 otherSign bytesAs"
  ).split(" "),
);
const ARITHMETIC =
  /^(?:(?:add|sub|mul|neg|not|and|or|xor|shl|(?:shr|div|mod|l[te])[SU])64|(?:mul|div|mod|shl|shr)[SU]32|to[SU]\d\d?)$/;

/** Whether a name means something in every model, or is a function of the simulator's. */
export function isModelWord(name: string): boolean {
  return WRITTEN.has(name) || ARITHMETIC.test(name) || JIFFIES_COMPARISONS.has(name) || primitiveOf(name) !== undefined;
}

/** A C name as a TypeScript name. */
export function safeName(name: string): string {
  const plain = plainName(name);
  return RESERVED.has(plain) ? `${plain}_` : plain;
}

/** gcc takes $ and bytes beyond ASCII in names; here they are spelt out. */
function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, (character) => `$${character.charCodeAt(0).toString(16)}`);
}

const OWN_MEMBERS = new Set(["embedder", "cell", "constructor", "prototype", "__proto__"]);

/** A member's name in a class of the model, which has members of its own. */
export function fieldName(name: string): string {
  const plain = plainName(name);
  return OWN_MEMBERS.has(plain) ? `${plain}_` : plain;
}

/** Plain data as TypeScript in printable ASCII. */
export function quotedText(data: unknown): string {
  return JSON.stringify(data).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
