/**
 * The SMB server and the connection to it: every request is answered after the round trip, unless the server pauses or
 * is dead. Answers are real bytes, as far as the client reads them.
 */

import { leS64, ltS64 } from "../../tools/simulator/integers.ts";
import { kref, kref_init, refcount_set, refcount_t } from "../../tools/simulator/kernel-structs.ts";
import type { ListHead } from "../../tools/simulator/lists.ts";
import { list_add_tail } from "../../tools/simulator/lists.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import { arrive, type Socket } from "../../tools/simulator/sockets.ts";
import type { Scenario } from "./echo-run.ts";
import type { EchoHistory } from "./history.ts";
import { type Members, type ModelInstance, type ModelModule, negotiated, setMember } from "./mount.ts";

export interface Request {
  readonly kind: "echo" | "user";
  readonly number: number;
  /** The mid_q_entry of the kernel, where the model has that struct. */
  readonly entry: Members | null;
  /** The connection that it went out on: an answer does not come on another. */
  readonly socket: Socket | null;
}

/** [MS-SMB2] 2.2.1: header of 64 bytes; [MS-CIFS] 2.2.3.1: of 32. */
const SMB2_HEADER_BYTES = 64;
const SMB1_HEADER_BYTES = 32;
const RFC1002_HEADER_BYTES = 4;
/** SMB2 ECHO ([MS-SMB2] 2.2.28) and SMB_COM_ECHO ([MS-CIFS] 2.2.4.39). */
const SMB2_ECHO = 0x0d;
const SMB1_ECHO = 0x2b;
const SMB1_READ = 0x2e;
const SMB2_READ = 0x08;
const CREDITS_GRANTED = 1;
/** include/uapi/asm-generic/errno.h */
const EHOSTUNREACH = 113;

export class SmbServer {
  session: Members | null = null;
  /** Requests that the server owes an answer to and will never answer. */
  unanswered = 0;
  /** Which request each answer belongs to. */
  readonly answers = new WeakMap<Uint8Array, Request>();
  private nextNumber = 1;
  private echoAttempts = 0;
  private model: ModelInstance | null = null;
  private constants: Readonly<Record<string, number>> = {};
  private speaksSmb2 = false;

  constructor(
    private readonly kernel: Simulation,
    private readonly scenario: Scenario,
    private readonly history: EchoHistory,
  ) {
    history.onAnchor = () => this.anchored();
  }

  /** How long sending an echo takes. */
  get sendBlocksTicks(): number {
    return this.scenario.sendBlocksTicks ?? 0;
  }

  /** Whether the attempt to send an echo that is made now fails. */
  echoFails(): boolean {
    return ++this.echoAttempts === this.scenario.failedEcho;
  }

  connect(model: ModelInstance, module: ModelModule): void {
    this.model = model;
    this.constants = module.constants;
    this.speaksSmb2 = Object.keys(model.tables).some((name) => /^smb[23]/.test(name));
  }

  /** The anchor echo has been sent: users come at their ticks after it. */
  private anchored(): void {
    const { anchorTick } = this.history;
    const { endTicksAfterAnchor } = this.scenario;
    if (endTicksAfterAnchor !== undefined) {
      this.kernel.at(anchorTick + endTicksAfterAnchor, () => this.kernel.stop("the scenario ends"));
    }
    for (const touch of this.scenario.touches) this.kernel.at(anchorTick + touch, () => this.userRequest());
  }

  private userRequest(): void {
    this.kernel.note("request-sent");
    this.submit("user", {});
  }

  /** kernel_connect(): the connection is made at once, or there is nobody. */
  connected(): number {
    if (this.session === null) return 0;
    if (this.isDead(this.kernel.clock.tick)) return -EHOSTUNREACH;
    // Negotiation and session setup are other work's business (smb2_reconnect_server); here they succeed.
    const { session, constants } = this;
    this.kernel.after(2 * this.scenario.rttTicks, () => {
      negotiated(session, constants);
      this.userRequest();
    });
    return 0;
  }

  /** Whether nobody answers at a tick. */
  private isDead(tick: number): boolean {
    const { anchorTick, echoes } = this.history;
    const { deathTicks, revivalTicks, anchorEcho } = this.scenario;
    if (deathTicks === null || echoes.length < anchorEcho || ltS64(tick, anchorTick + deathTicks)) return false;
    return revivalTicks === undefined || ltS64(tick, anchorTick + revivalTicks);
  }

  /** A request goes out: the kernel's bookkeeping of it, and when its answer comes. */
  submit(kind: Request["kind"], members: Members): Request {
    const number = this.nextNumber++;
    const entry = this.entryOf(kind, number, members);
    const request: Request = { kind, number, entry, socket: this.socket };
    const answerTick = this.answerTick();
    if (answerTick === null) this.unanswered++;
    else this.kernel.at(answerTick, () => this.answer(request));
    return request;
  }

  private entryOf(kind: Request["kind"], number: number, members: Members): Members | null {
    const made = this.model?.structs["mid_q_entry"];
    if (made === undefined) return null;
    const entry = new made(this.kernel);
    const all: Members = {
      mid: number,
      mid_state: this.constants["MID_REQUEST_SUBMITTED"],
      midState: this.constants["MID_REQUEST_SUBMITTED"],
      command: this.command(kind),
      server: this.session,
      callback: () => undefined,
      ...members,
    };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) setMember(entry, name, value);
    const { refcount } = entry;
    if (refcount instanceof kref) kref_init(refcount);
    else if (refcount instanceof refcount_t) refcount_set(refcount, 1);
    const pending = this.session?.["pending_mid_q"];
    if ("qhead" in entry && pending !== undefined) list_add_tail(entry["qhead"] as ListHead, pending as ListHead);
    return entry;
  }

  private command(kind: Request["kind"]): number {
    if (this.speaksSmb2) return kind === "echo" ? SMB2_ECHO : SMB2_READ;
    return kind === "echo" ? SMB1_ECHO : SMB1_READ;
  }

  /** When the answer to a request that is sent now arrives; null when it never does. */
  private answerTick(): number | null {
    const { anchorTick, echoes } = this.history;
    const { pauses, rttTicks, anchorEcho } = this.scenario;
    let tick = this.kernel.clock.tick + rttTicks;
    if (echoes.length < anchorEcho) return tick;
    for (const pause of pauses ?? []) {
      const isIn = leS64(anchorTick + pause.fromTicks, tick) && ltS64(tick, anchorTick + pause.toTicks);
      if (isIn) tick = anchorTick + pause.toTicks;
    }
    return this.isDead(tick) ? null : tick;
  }

  private get socket(): Socket | null {
    return (this.session?.["ssocket"] as Socket | null | undefined) ?? null;
  }

  private answer(request: Request): void {
    const { socket } = this;
    if (socket === null || socket !== request.socket) return;
    const bytes = this.bytesOf(request);
    this.answers.set(bytes, request);
    this.history.responseArrived(request.kind);
    arrive(socket, bytes.length, bytes);
  }

  private bytesOf(request: Request): Uint8Array {
    return this.speaksSmb2
      ? smb2Answer(request, this.command(request.kind))
      : smb1Answer(request, this.command(request.kind));
  }
}

function framed(bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(RFC1002_HEADER_BYTES + bodyBytes);
  // [MS-SMB2] 2.1: type 0, then the length in three bytes, highest first.
  bytes[2] = bodyBytes >> 8;
  bytes[3] = bodyBytes & 0xff;
  return bytes;
}

/** An SMB2 answer: header, StructureSize 4, two reserved bytes. */
function smb2Answer(request: Request, command: number): Uint8Array {
  const bytes = framed(SMB2_HEADER_BYTES + 4);
  bytes.set([0xfe, 0x53, 0x4d, 0x42, SMB2_HEADER_BYTES], 4);
  bytes[16] = command;
  bytes[18] = CREDITS_GRANTED;
  // Flags: SMB2_FLAGS_SERVER_TO_REDIR.
  bytes[20] = 1;
  bytes[28] = request.number & 0xff;
  bytes[29] = request.number >> 8;
  bytes[RFC1002_HEADER_BYTES + SMB2_HEADER_BYTES] = 4;
  return bytes;
}

/** An SMB1 answer: header, WordCount 1, SequenceNumber, ByteCount 0. */
function smb1Answer(request: Request, command: number): Uint8Array {
  const bytes = framed(SMB1_HEADER_BYTES + 5);
  bytes.set([0xff, 0x53, 0x4d, 0x42, command], 4);
  // Flags: SMB_FLAGS_REPLY.
  bytes[13] = 0x80;
  bytes[34] = request.number & 0xff;
  bytes[35] = request.number >> 8;
  bytes[RFC1002_HEADER_BYTES + SMB1_HEADER_BYTES] = 1;
  return bytes;
}
