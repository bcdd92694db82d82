/**
 * What one random history of the RPC client is made of: its decisions, and the transports, clients, tasks, sockets and
 * threads that are there so far.
 */
import type { ListHead } from "../../tools/simulator/lists.ts";
import { BytePointer } from "../../tools/simulator/pointers.ts";
import type { RbRoot } from "../../tools/simulator/rbtree.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import type { Socket } from "../../tools/simulator/sockets.ts";
import { type Coroutine, kthread_run, type Task } from "../../tools/simulator/tasks.ts";
import type { Dice } from "../exercise-dice.ts";
import { isCoroutine } from "../exercise-machine.ts";
import { type Members, type ModelInstance, type ModelModule, setMember } from "./members.ts";

type AnyFunction = (...given: readonly unknown[]) => unknown;

/** Errors that the C of the client and of sockets looks at, and some that it does not. */
export const ERRORS: readonly number[] = [
  -11, -104, -111, -32, -107, -110, -101, -113, -105, -112, -99, -98, -12, -5, -115, -114, -100, -1, -22, -512, -106,
  -88, -4, -13, -103, -97, -14, -71, -30, -90,
];

/** What is made of a binary tree or a list at most: wild histories could make rings of them. */
const MOST_REQUESTS = 40;

/** One history while it runs. */
export class World {
  /** Transports: struct rpc_xprt. */
  readonly xprts: Members[] = [];
  readonly clients: Members[] = [];
  /** Tasks that were made outside, or handed over; those of old kernels are found by their requests. */
  readonly tasks: Members[] = [];
  readonly sockets: Socket[] = [];
  /** Threads of users. */
  readonly threads: Task[] = [];
  private instance: ModelInstance | null = null;

  constructor(
    readonly kernel: Simulation,
    readonly dice: Dice,
    readonly module: ModelModule,
    /** What the model takes for the size of a socket's address. */
    readonly addressBytes: number,
  ) {}

  get model(): ModelInstance {
    if (this.instance === null) throw new TypeError("the history has no model yet");
    return this.instance;
  }

  set model(model: ModelInstance) {
    this.instance = model;
  }

  /** A new struct of the model with some members; an empty object where the kernel has none of that name. */
  make(name: string, members: Members = {}): Members {
    const struct = this.model.structs[name];
    const made: Members = struct === undefined ? {} : new struct(this.kernel);
    for (const member in members) setMember(made, member, members[member]);
    return made;
  }

  /** One of several; undefined when there is none. */
  any<T>(items: readonly T[], label: string): T | undefined {
    return items[this.dice.choose(items.length, label)];
  }

  /** Members of ops tables as the model has them: whoever stands between the model and its surroundings knows those. */
  member(name: string): unknown {
    const { environment } = this.model as unknown as { readonly environment: { readonly members: Members } };
    return environment.members[name] ?? null;
  }

  fn(name: string): AnyFunction | undefined {
    return this.model.functions[name];
  }

  /** Calls a function of the model, where the kernel has it, in a thread of its own, whether or not it blocks. */
  start(name: string, ...given: readonly unknown[]): Task | null {
    const called = this.fn(name);
    return called === undefined ? null : this.startFunction(called, given);
  }

  startFunction(called: AnyFunction, given: readonly unknown[], ended?: (result: unknown) => void): Task {
    return kthread_run(this.kernel, "caller", () => callOf(called, given, ended));
  }

  /** Calls a function of the model from within a coroutine of the surroundings. */
  *call(name: string, ...given: readonly unknown[]): Coroutine<unknown> {
    const made = this.fn(name)?.(...given);
    return isCoroutine(made) ? yield* made : made;
  }

  /** The requests of a transport that wait for their answers, in the order in which the kernel keeps them. */
  requests(xprt: Members): readonly Members[] {
    const found: Members[] = [];
    const { recv, recv_queue } = xprt;
    const walk = (node: unknown): void => {
      if (node === null || found.length >= MOST_REQUESTS) return;
      const { rb_left, rb_right, embedder } = node as Members;
      walk(rb_left);
      found.push(embedder as Members);
      walk(rb_right);
    };
    if (recv_queue !== undefined) walk((recv_queue as RbRoot).rb_node);
    else if (recv !== undefined) {
      const head = recv as ListHead;
      for (let at = head.next; at !== head && found.length < MOST_REQUESTS; at = at.next) {
        found.push(at.embedder as Members);
      }
    }
    return found;
  }

  /** All tasks that are known, those that wait for an answer first. */
  allTasks(): readonly Members[] {
    const waiting = this.xprts.flatMap((xprt) => this.requests(xprt).map((one) => one["rq_task"] as Members));
    return [...waiting, ...this.tasks].filter((one) => one !== null && one !== undefined);
  }
}

function* callOf(called: AnyFunction, given: readonly unknown[], ended?: (result: unknown) => void): Coroutine {
  const made = called(...given);
  const result = isCoroutine(made) ? yield* made : made;
  ended?.(result);
}

/** A buffer that is in no history's way: what it holds is never looked at. */
export const BUFFER_BYTES = 240;

export function newBuffer(): BytePointer {
  return new BytePointer(new Uint8Array(BUFFER_BYTES));
}
