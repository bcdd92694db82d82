/**
 * One machine with a mount of NFS over TCP, a thread that calls stat() in a loop, and a network that fails and heals.
 * All of its state lies in plain fields that can be reached from `roots`.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { Frame, runToEnd } from "../../tools/simulator/frame.ts";
import { SocketAddress } from "../../tools/simulator/kernel-structs.ts";
import { Machine, MachineThread, type Outside } from "../../tools/simulator/machine.ts";
import { type MachineBitWaiter, TimeoutFrame } from "../../tools/simulator/machine-frames.ts";
import type { MachineParts } from "../../tools/simulator/machine-modules.ts";
import { MachineWork, runningCount } from "../../tools/simulator/machine-work.ts";
import { cstring, ElementPointer } from "../../tools/simulator/pointers.ts";
import { TASK_UNINTERRUPTIBLE } from "../../tools/simulator/tasks.ts";
import type { WorkStruct } from "../../tools/simulator/workqueue.ts";
import { BUFFER, boundaryOf, credential, receiveHeader, type Surroundings, tcpContext } from "./boundary.ts";
import { type Members, type ModelInstance, type ModelModule, makeStruct, objectIn, setMember } from "./members.ts";
import { type Scenario, schedulingOf } from "./scenarios.ts";
import { AF_INET, SERVER_PORT, swapped } from "./socket-arguments.ts";
import { deliver, deliverable } from "./tcp-input.ts";
import { serverRestarts, TcpNetwork } from "./tcp-network.ts";
import type { TcpOptions } from "./tcp-options.ts";
import { dueTimers, fireTimer, nextTick } from "./tcp-timer.ts";

/** What befalls the network, in the order of the ticks. */
type Fault = "blackhole" | "restart" | "heal";

/** A counter for each procedure of a version. */
const COUNTS: readonly number[] = [0, 0];

/** Arguments and results of a call: nobody looks at what they come to. */
function decodes(): number {
  return 0;
}

/** The network and the faults, as the machine sees them. */
class Network implements Outside {
  readonly net: TcpNetwork;
  /** Faults that are still to come. */
  readonly faults: { readonly tick: number; readonly fault: Fault }[] = [];
  machine: Machine | null = null;
  healTick = -1;

  constructor(
    options: TcpOptions,
    private readonly scenario: Scenario,
  ) {
    this.net = new TcpNetwork(options);
  }

  get nextTick(): number {
    return Math.min(nextTick(this.net) ?? Number.POSITIVE_INFINITY, this.faults[0]?.tick ?? Number.POSITIVE_INFINITY);
  }

  /** Packets come when they come; timers of TCP are long. */
  get mayComeEarly(): boolean {
    const packet = this.net.packets[0];
    return packet !== undefined && packet.dueTick <= (this.machine?.nextTick ?? 0);
  }

  run(): void {
    const { machine, net } = this;
    if (machine === null) return;
    const ctx = tcpContext(machine);
    for (let due = this.faults[0]; due !== undefined && due.tick <= ctx.tick; due = this.faults[0]) {
      this.faults.shift();
      this.befall(due.fault);
    }
    for (let i = 0; i < net.packets.length; ) {
      if (!deliverable(net, i, ctx.tick)) {
        i++;
        continue;
      }
      machine.tell("tcp", `${net.packets[i]?.kind ?? ""} arrives`);
      deliver(ctx, net, i);
      i = 0;
    }
    for (const sk of dueTimers(net, ctx.tick)) {
      if (sk.tp.timer !== "none" && sk.tp.timerTick <= ctx.tick) fireTimer(ctx, net, sk);
    }
  }

  private befall(fault: Fault): void {
    const { machine, net } = this;
    if (machine === null) return;
    machine.tell("network", fault);
    if (fault === "restart") serverRestarts(tcpContext(machine), net, this.scenario.serverEnd);
    else net.clientToServer = fault === "blackhole" ? (this.scenario.way ?? "blackhole") : "open";
    if (fault === "heal") this.healTick = machine.clock.tick;
  }
}

/** The thread of the user: stat(), and a pause, for ever. */
class UserFrame extends Frame {
  /** Calls that have ended. */
  completed = 0;
  begun = 0;
  lastStatus = 0;
  /** When the last call ended; -1 before. */
  endedTick = -1;

  constructor(
    private readonly machine: Machine,
    private readonly call: () => unknown,
    private readonly pauseTicks: number,
  ) {
    super();
  }

  get frameName(): string {
    return "stat";
  }

  override step(): Frame {
    if (this.label === 1) {
      this.lastStatus = typeof this.sent === "number" ? this.sent : 0;
      this.sent = undefined;
      this.completed++;
      this.endedTick = this.machine.clock.tick;
      this.machine.tell("user", `stat() = ${this.lastStatus}`);
      this.label = 2;
      return new TimeoutFrame(this.machine, this.pauseTicks, TASK_UNINTERRUPTIBLE, true);
    }
    this.sent = undefined;
    this.label = 1;
    this.begun++;
    this.machine.tell("user", "stat()");
    const called = this.call();
    return called instanceof Frame ? called : this.again(called);
  }

  private again(value: unknown): Frame {
    this.sent = value;
    return this.step();
  }
}

/** A world that runs; `parts` must be handed to the model's modules before anything else. */
export class World {
  readonly machine: Machine;
  readonly network: Network;
  readonly work: MachineWork;
  readonly bitWaiters: MachineBitWaiter[] = [];
  readonly user: UserFrame;
  readonly around: Surroundings;
  readonly receive = receiveHeader;
  private xprt: Members | null = null;
  private connectWork: WorkStruct | null = null;
  private globals: Members = {};

  constructor(
    module: ModelModule,
    readonly scenario: Scenario,
    tcp: TcpOptions,
    worksRunOnce: boolean,
    enter: (parts: MachineParts) => void,
  ) {
    const { hz, longBits, timers, cpus } = scenario;
    this.network = new Network(tcp, scenario);
    this.machine = new Machine({ hz, longBits, timers, cpus, scheduler: scenario.scheduler }, this.network);
    this.network.machine = this.machine;
    const rpciod = schedulingOf(scenario.rpciod)?.priority ?? 0;
    this.work = new MachineWork(this.machine, rpciod, 2, worksRunOnce);
    this.around = { machine: this.machine, net: this.network.net, module, model: null };
    enter(this);
    this.user = new UserFrame(this.machine, this.mount(module), scenario.pauseSeconds * hz);
    const priority = schedulingOf(scenario.user)?.priority ?? 0;
    const thread = new MachineThread("stat", priority, 0, false, this.user);
    this.machine.start(thread);
    this.machine.describe = (woken) => (woken === thread ? this.statusText() : "");
  }

  /** What the state is made of. */
  get roots(): readonly object[] {
    const { machine, network, work, bitWaiters, globals } = this;
    return [machine, network, work, bitWaiters, globals, this.xprt ?? globals];
  }

  /** mount(2), as far as the client of the RPC goes; how a call is made from then on. */
  private mount(module: ModelModule): () => unknown {
    const { machine, around } = this;
    const model = module.createModel(machine, boundaryOf(around), { workqueueOptions: {} });
    around.model = model;
    this.globals = model.globals;
    // RPC_MIN_SLOT_TABLE, a module parameter: one thread needs no more, and each slot is a part of the state.
    for (const name of ["xprt_tcp_slot_table_entries", "xprt_max_tcp_slot_table_entries"]) {
      setMember(model.globals, name, 2);
    }
    const client = machine.atomically("the mount", () => {
      const failed = runToEnd(model.functions["init_sunrpc"]?.());
      if (typeof failed === "number" && failed !== 0) {
        throw new SimulationFault("unsupported", `init_sunrpc: ${failed}`);
      }
      return this.client(model);
    });
    const message = this.message(model);
    return () => model.functions["rpc_call_sync"]?.(client, message, 0);
  }

  private client(model: ModelInstance): Members {
    const { machine } = this;
    const xprt = this.transport(model);
    this.xprt = xprt;
    const transport = xprt["embedder"] as Members | null;
    const dwork = objectIn(transport, "connect_worker");
    this.connectWork = (dwork?.["work"] ?? null) as WorkStruct | null;
    const client = makeStruct(machine, model, "rpc_clnt", {
      cl_xprt: xprt,
      cl_timeout: this.timeout(model),
      cl_stats: makeStruct(machine, model, "rpc_stat"),
      cl_program: this.program(model),
      cl_maxproc: 22,
    });
    // Whoever mounts holds one reference.
    for (const name of ["cl_kref", "cl_count", "cl_users"]) {
      const count = objectIn(client, name);
      const held = objectIn(count, "refcount") ?? count;
      const counter = objectIn(held, "refs") ?? held;
      if (counter !== null) setMember(counter, "counter", 1);
    }
    for (const name of ["cl_rtt", "cl_rtt_default"]) {
      if (name in client && client[name] === null) client[name] = makeStruct(machine, model, "rpc_rtt");
    }
    return client;
  }

  /** nfs_program of fs/nfs/client.c, with one version, whose calls are counted. */
  private program(model: ModelInstance): Members {
    const { machine } = this;
    const version = makeStruct(machine, model, "rpc_version", { counts: new ElementPointer(COUNTS.slice()) });
    return makeStruct(machine, model, "rpc_program", { version: new ElementPointer([version]) });
  }

  /** nfs_init_timeout_values() of fs/nfs/client.c, for TCP, timeo=600 and retrans=2. */
  private timeout(model: ModelInstance): Members {
    const timeo = 60 * this.machine.hz;
    return makeStruct(this.machine, model, "rpc_timeout", {
      to_initval: timeo,
      to_increment: timeo,
      to_maxval: timeo + timeo * 2,
      to_retries: 2,
      to_exponential: 0,
    });
  }

  private transport(model: ModelInstance): Members {
    const { machine } = this;
    const address = new SocketAddress();
    for (const name of ["sa_family", "ss_family", "sin_family"])
      setMember(address as unknown as Members, name, AF_INET);
    (address as unknown as Members)["sin_port"] = swapped(SERVER_PORT);
    const create = model.structs["xprt_create"];
    let made: unknown;
    if (create === undefined) made = runToEnd(model.functions["xs_setup_tcp"]?.(address));
    else {
      const args = makeStruct(machine, model, "xprt_create", {
        ident: 6,
        dstaddr: address,
        addrlen: 1,
        servername: cstring("server"),
        // Since 6.6. nfs_create_rpc_client() of fs/nfs/client.c hands over 0, except for servers of pNFS's data; C
        // takes its own then.
        reconnect_timeout: 0,
        connect_timeout: 0,
      });
      made = runToEnd(model.functions["xprt_create_transport"]?.(args));
    }
    if (typeof made !== "object" || made === null || !("state" in made)) {
      throw new SimulationFault("unsupported", `no transport was made: ${JSON.stringify(made) ?? "nothing"}`);
    }
    const xprt = made as Members;
    runToEnd(model.functions["xprt_set_bound"]?.(xprt));
    // NFS without an option `noresvport`. Since 5.3 a port is kept where that is asked for: nfs_init_server() of
    // fs/nfs/client.c does so for NFSv3 (NFS_CS_REUSEPORT), which like the mount here has no back channel.
    setMember(xprt, "reuseport", 1);
    setMember(xprt, "resvport", 1);
    return xprt;
  }

  private message(model: ModelInstance): Members {
    const { machine } = this;
    const procedure = makeStruct(machine, model, "rpc_procinfo", {
      p_proc: 1,
      p_statidx: 1,
      p_arglen: 16,
      p_replen: 21,
      p_encode: decodes,
      p_decode: decodes,
    });
    const message = makeStruct(machine, model, "rpc_message", { rpc_proc: procedure, rpc_argp: BUFFER, rpc_len: 128 });
    setMember(message, "rpc_cred", credential(machine, model));
    return message;
  }

  /** With which status the task of the call goes on. */
  private statusText(): string {
    const status = objectIn(this.xprt, "snd_task")?.["tk_status"];
    return typeof status === "number" && status < 0 ? `, tk_status = ${status}` : "";
  }

  /** Lets the faults happen that go with the next call, in the pause before it. */
  scheduleFaults(): void {
    const { machine, network, scenario } = this;
    const { pauseSeconds, restartSeconds, healSeconds } = scenario;
    const at = (seconds: number): number => machine.clock.tick + Math.round((pauseSeconds + seconds) * machine.hz);
    network.faults.push({ tick: at(-pauseSeconds / 10), fault: "blackhole" });
    network.faults.push({ tick: at(restartSeconds), fault: "restart" });
    network.faults.push({ tick: at(healSeconds), fault: "heal" });
  }

  /** How many connect workers of the transport run now. */
  get connectWorkers(): number {
    return this.connectWork === null ? 0 : runningCount(this.work.pools, this.connectWork);
  }
}
