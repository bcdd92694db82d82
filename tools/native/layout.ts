/**
 * What is compared of each struct: the scalars that the model keeps, in one order for both sides. A place in an object
 * is told by its ordinal here, so that neither side's addresses or offsets matter.
 */
import { type CType, isInt } from "../translate/c-types.ts";
import type { ModelContext } from "../translate/context.ts";
import { fieldName } from "../translate/names.ts";
import { runtimeStruct } from "../translate/runtime-structs.ts";

/** `int`: up to 64 bits; `pointer`: to an object, a place in one, a function, or an error number. */
export type LeafKind = "int" | "bool" | "pointer";

/** A scalar in a struct. */
export interface Leaf {
  readonly ordinal: number;
  /** Path in the model's object: `session_key.len`. */
  readonly ts: string;
  /** Path in C. */
  readonly c: string;
  readonly kind: LeafKind;
  /** Tag of the struct that a pointer is declared to point to. */
  readonly target: string | null;
  /** Whether C can take its address: bit-fields have none. */
  readonly hasAddress: boolean;
  /** The branch of a union that it is in: branches share memory in C, and in the model each has its own. */
  readonly shared: Shared | null;
}

/** A branch of a union of a struct. */
export interface Shared {
  readonly union: string;
  readonly branch: string;
}

/** Whether a pointer is a link of a list head, which begins as an empty list. */
export function isLink({ target, ts }: Leaf): boolean {
  return target === "list_head" && /(?:^|\.)(?:next|prev)$/.test(ts);
}

/** A member that is an object itself and that pointers may point to. */
export interface Part {
  readonly ordinal: number;
  readonly ts: string;
  readonly c: string;
  readonly kind: "object" | "bytes" | "array";
  /** Tag of its struct; null for arrays. */
  readonly tag: string | null;
  readonly shared: Shared | null;
}

/** A struct as both sides see it. */
export interface StructLayout {
  readonly index: number;
  readonly tag: string;
  readonly leaves: readonly Leaf[];
  readonly parts: readonly Part[];
  /** How many ordinals there are; 0 is the struct itself. */
  readonly count: number;
}

/** A variable at file scope that the model uses. */
export interface GlobalPlan {
  /** Name in the model, and in C. */
  readonly ts: string;
  readonly c: string;
  readonly type: CType;
}

/** Scalars of the structs that the simulator has itself: where its class keeps them, and the harness's C. */
const RUNTIME: Readonly<Record<string, readonly (readonly [ts: string, c: string, kind: LeafKind])[]>> = {
  list_head: [
    ["next", "next", "pointer"],
    ["prev", "prev", "pointer"],
  ],
  atomic_t: [["counter", "counter", "int"]],
  atomic64_t: [["counter", "counter", "int"]],
  refcount_t: [["refs.counter", "refs.counter", "int"]],
  kref: [["refcount.refs.counter", "refcount.refs.counter", "int"]],
  kvec: [
    ["iov_base", "iov_base", "pointer"],
    ["iov_len", "iov_len", "int"],
  ],
  iov_iter: [["count", "count", "int"]],
  msghdr: [
    ["msg_name", "msg_name", "pointer"],
    ["msg_namelen", "msg_namelen", "int"],
    ["msg_control", "msg_control", "pointer"],
    ["msg_controllen", "msg_controllen", "int"],
    ["msg_flags", "msg_flags", "int"],
  ],
  sockaddr_storage: [
    ["sa_family", "gh_family", "int"],
    ["sin_port", "gh_port", "int"],
  ],
  task_struct: [
    ["flags", "flags", "int"],
    ["pid", "pid", "int"],
    ["tgid", "tgid", "int"],
  ],
  timer_list: [["expires", "expires", "int"]],
  socket: [
    ["sk", "sk", "pointer"],
    ["ops", "ops", "pointer"],
    ["state", "state", "int"],
    ["flags", "flags", "int"],
    ["sk_rcvtimeo", "sk_.sk_rcvtimeo", "int"],
    ["sk_sndtimeo", "sk_.sk_sndtimeo", "int"],
    ["sk_rcvbuf", "sk_.sk_rcvbuf", "int"],
    ["sk_sndbuf", "sk_.sk_sndbuf", "int"],
    ["sk_allocation", "sk_.sk_allocation", "int"],
    ["sk_reuse", "sk_.sk_reuse", "int"],
    ["sk_use_task_frag", "sk_.sk_use_task_frag", "bool"],
    ["sk_net_refcnt", "sk_.sk_net_refcnt", "int"],
    ["sk_err", "sk_.sk_err", "int"],
    ["sk_shutdown", "sk_.sk_shutdown", "int"],
    ["sk_user_data", "sk_.sk_user_data", "pointer"],
    ["sk_state", "sk_.sk_state", "int"],
    ["sk_flags", "sk_.sk_flags", "int"],
    ["sk_write_pending", "sk_.sk_write_pending", "int"],
    ["sk_protocol", "sk_.sk_protocol", "int"],
    ["sk_userlocks", "sk_.sk_userlocks", "int"],
    ["sk_no_check", "sk_.sk_no_check", "int"],
    ["sk_bound_dev_if", "sk_.sk_bound_dev_if", "int"],
    ["sk_wq", "sk_.sk_wq", "pointer"],
    ["sk_socket", "sk_.sk_socket", "pointer"],
    ["sk_state_change", "sk_.sk_state_change", "pointer"],
    ["sk_write_space", "sk_.sk_write_space", "pointer"],
    ["sk_error_report", "sk_.sk_error_report", "pointer"],
    ["sk_data_ready", "sk_.sk_data_ready", "pointer"],
    ["linger2", "sk_.linger2", "int"],
    ["nonagle", "sk_.nonagle", "int"],
  ],
  rb_node: [
    ["rb_left", "rb_left", "pointer"],
    ["rb_right", "rb_right", "pointer"],
    ["__rb_parent_color", "__rb_parent_color", "pointer"],
  ],
  netns_ipv4: [["sysctl_tcp_syn_retries", "sysctl_tcp_syn_retries", "int"]],
  net: [["ipv4.sysctl_tcp_syn_retries", "ipv4.sysctl_tcp_syn_retries", "int"]],
  rb_root: [["rb_node", "rb_node", "pointer"]],
  wait_bit_key: [
    ["flags", "flags", "pointer"],
    ["bit_nr", "bit_nr", "int"],
    ["timeout", "timeout", "int"],
  ],
  proto_ops: [["connect", "connect", "pointer"]],
};

/** One class of the simulator stands for all kinds of socket address, and one for a socket with its sock. */
const SAME: Readonly<Record<string, string>> = {
  sockaddr: "sockaddr_storage",
  sockaddr_in: "sockaddr_storage",
  sockaddr_in6: "sockaddr_storage",
  sock: "socket",
  socket_wq: "socket",
  tcp_sock: "socket",
};

/** What the pointers of such structs point to. */
const TARGETS: Readonly<Record<string, string>> = {
  ops: "proto_ops",
  sk: "socket",
  sk_wq: "socket",
  sk_socket: "socket",
  rb_left: "rb_node",
  rb_right: "rb_node",
  rb_node: "rb_node",
  __rb_parent_color: "rb_node",
};

/** Longer arrays of scalars or structs are not compared element by element. */
const MAX_ELEMENTS = 16;

/** Layouts by tag, made when first asked for. */
export class Layouts {
  private readonly byTag = new Map<string, StructLayout>();

  constructor(private readonly model: ModelContext) {}

  get all(): readonly StructLayout[] {
    return [...this.byTag.values()].sort((a, b) => a.index - b.index);
  }

  /** The layout of a struct; null for wire structs, which are bytes, and for unknown ones. */
  of(written: string): StructLayout | null {
    const tag = SAME[written] ?? written;
    const known = this.byTag.get(tag);
    if (known !== undefined) return known;
    const isRuntime = runtimeStruct(tag) !== null;
    const struct = this.model.types.struct(tag);
    if (!isRuntime && (struct === null || struct.kind !== "object")) return null;
    const draft: Draft = { leaves: [], parts: [], count: 1 };
    const index = this.byTag.size;
    // A struct that points to its own kind finds this entry.
    const layout = { index, tag, leaves: draft.leaves, parts: draft.parts, count: 0 };
    this.byTag.set(tag, layout);
    this.add(tag, "", "", draft, null);
    onlySharing(draft);
    layout.count = draft.count;
    return layout;
  }

  /** The layout of all variables at file scope that are no structs of the slice, as if they were members of one. */
  ofGlobals(globals: readonly GlobalPlan[]): StructLayout {
    const draft: Draft = { leaves: [], parts: [], count: 1 };
    const layout = { index: this.byTag.size, tag: "", leaves: draft.leaves, parts: draft.parts, count: 0 };
    this.byTag.set("", layout);
    for (const { ts, c, type } of globals) if (!this.isObject(type)) this.member(type, true, ts, c, draft, null);
    layout.count = draft.count;
    return layout;
  }

  /** Whether a variable of that type is an object of its own. */
  isObject(type: CType): boolean {
    return type.kind === "struct" && runtimeStruct(type.tag) === null && this.of(type.tag) !== null;
  }

  /** Layouts of everything that members of structs so far point to. */
  close(): void {
    for (let before = -1; before !== this.byTag.size; ) {
      before = this.byTag.size;
      for (const { leaves } of this.all) for (const { target } of leaves) if (target !== null) this.of(target);
    }
  }

  private add(tag: string, ts: string, c: string, draft: Draft, shared: Shared | null): void {
    const runtime = RUNTIME[tag];
    if (runtime !== undefined || runtimeStruct(tag) !== null) {
      for (const [path, inC, kind] of runtime ?? []) {
        const isList = tag === "list_head";
        draft.leaves.push({
          ordinal: draft.count++,
          ts: ts + path,
          c: c + inC,
          kind,
          target: isList ? "list_head" : (TARGETS[path] ?? null),
          hasAddress: true,
          shared,
        });
      }
      return;
    }
    const struct = this.model.types.struct(tag);
    const kept = this.model.fields.get(tag) ?? new Set<string>();
    for (const field of struct?.fields.values() ?? []) {
      if (kept.has(field.name)) {
        const [outer] = field.unions;
        const own = outer === undefined ? null : { union: `${c}${outer.union}`, branch: outer.branch };
        const hasAddress = field.bits === null;
        const path = `${ts}${fieldName(field.name)}`;
        this.member(field.type, hasAddress, path, `${c}${field.name}`, draft, shared ?? own);
      }
    }
  }

  /** Elements of short arrays are told one by one; those of long ones are not. */
  private elements(array: CType & { kind: "array" }, ts: string, c: string, draft: Draft, shared: Shared | null): void {
    const { of, length } = array;
    if (length === null || length * cellsOf(of) > MAX_ELEMENTS) return;
    for (let i = 0; i < length; i++) this.member(of, true, `${ts}.${i}`, `${c}[${i}]`, draft, shared);
  }

  private member(type: CType, hasAddress: boolean, ts: string, c: string, draft: Draft, shared: Shared | null): void {
    const ordinal = draft.count++;
    if (isInt(type)) {
      draft.leaves.push({ ordinal, ts, c, kind: type.isBool ? "bool" : "int", target: null, hasAddress, shared });
    } else if (type.kind === "pointer") {
      const target = type.to.kind === "struct" ? type.to.tag : null;
      draft.leaves.push({ ordinal, ts, c, kind: "pointer", target, hasAddress, shared });
    } else if (type.kind === "array") {
      const kind = this.model.arrayForm(type.of) === "bytes" ? "bytes" : "array";
      draft.parts.push({ ordinal, ts, c, kind, tag: null, shared });
      if (kind === "array") this.elements(type, ts, c, draft, shared);
    } else if (type.kind === "struct") {
      const tag = SAME[type.tag] ?? type.tag;
      const isWire = runtimeStruct(tag) === null && this.model.types.struct(tag)?.kind === "wire";
      draft.parts.push({ ordinal, ts, c, kind: isWire ? "bytes" : "object", tag: isWire ? null : tag, shared });
      if (!isWire) this.add(tag, `${ts}.`, `${c}.`, draft, shared);
    }
  }
}

/** Elements of an array of arrays, all told; 1 of anything else. */
function cellsOf(type: CType): number {
  return type.kind === "array" ? (type.length ?? Number.POSITIVE_INFINITY) * cellsOf(type.of) : 1;
}

/** Of a union of which the model keeps one branch nothing is shared. */
function onlySharing({ leaves, parts }: Draft): void {
  const branches = new Map<string, Set<string>>();
  for (const { shared } of [...leaves, ...parts]) {
    if (shared === null) continue;
    branches.set(shared.union, (branches.get(shared.union) ?? new Set()).add(shared.branch));
  }
  const kept = (shared: Shared | null): Shared | null =>
    shared !== null && (branches.get(shared.union)?.size ?? 0) > 1 ? shared : null;
  leaves.splice(0, leaves.length, ...leaves.map((one) => ({ ...one, shared: kept(one.shared) })));
  parts.splice(0, parts.length, ...parts.map((one) => ({ ...one, shared: kept(one.shared) })));
}

/** The places of a struct that pointers may point to, in the order of the harness's table. */
export function placesOf({ tag, leaves, parts }: StructLayout): readonly (Leaf | Part)[] {
  if (tag === "") return [];
  return [...parts, ...leaves.filter((one) => one.hasAddress)].sort((x, y) => x.ordinal - y.ordinal);
}

interface Draft {
  readonly leaves: Leaf[];
  readonly parts: Part[];
  count: number;
}
