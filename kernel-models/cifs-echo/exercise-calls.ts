/**
 * Calls of the slice's functions from outside: those that nothing reaches while a connection lives, and the others with
 * arguments that nobody else would pass.
 */
import { kvec } from "../../tools/simulator/kernel-structs.ts";
import { structArray } from "../../tools/simulator/structs.ts";
import type { DelayedWork } from "../../tools/simulator/workqueue.ts";
import { makeMid } from "./exercise-objects.ts";
import type { World } from "./exercise-world.ts";
import { type Members, setMember } from "./mount.ts";

type Arguments = (world: World, server: Members) => readonly unknown[];

const COUNTS: readonly number[] = [0, 1, 2, 3, 10, 50, 65_000, -1];
const UNSIGNED: readonly number[] = [0, 1, 2, 3, 10, 65_000, 70_000, 0xffff_ffff];
/** cifsglob.h: CIFS_ECHO_OP, CIFS_OBREAK_OP, CIFS_NEG_OP, CIFS_SESS_OP (since 5.4) and others, with the bits beside. */
const OPERATIONS: readonly number[] = [0, 0x80, 0x100, 0x200, 0x400, 0x2000, 0x280, 0x300];
/** [RFC 1002] 4.3.1: session packets, and what is none. */
const PACKETS: readonly number[] = [0, 0x85, 0x82, 0x83, 0x84, 0xff, 0x83, 0x83];
const LENGTHS: readonly number[] = [0, 1, 4, 100];

function signed(world: World): number {
  return COUNTS[world.dice.choose(COUNTS.length, "count")] ?? 0;
}

function unsigned(world: World): number {
  return UNSIGNED[world.dice.choose(UNSIGNED.length, "count")] ?? 0;
}

function operation(world: World): number {
  return OPERATIONS[world.dice.choose(OPERATIONS.length, "operation")] ?? 0;
}

function flag(world: World): boolean {
  return world.dice.choose(2, "flag") === 1;
}

/** Since 6.0 a reconnection says whether sessions are marked; earlier functions have one argument. */
function marking(world: World, server: Members): readonly unknown[] {
  return "terminate" in server ? [server, flag(world)] : [server];
}

function justServer(_world: World, server: Members): readonly unknown[] {
  return [server];
}

/** Since 6.19 a callback gets the connection, too; before, it is what the request keeps. */
function callback(world: World, server: Members): readonly unknown[] {
  const mid = makeMid(world, server);
  return callbackArguments(server, mid ?? {});
}

/** The arguments of a request's callback. */
export function callbackArguments(server: Members, mid: Members): readonly unknown[] {
  return "callback_data" in mid ? [mid] : [server, mid];
}

/** Few credits and one request on its way: where credits begin to be distributed anew. */
function prepareCredits(world: World, server: Members): void {
  const chosen = world.dice.choose(8, "few-credits");
  if (chosen > 3) return;
  setMember(server, "credits", chosen);
  setMember(server, "in_flight", 1);
  setMember(server, "echo_credits", 0);
  setMember(server, "oplock_credits", 0);
}

/** Credits are an object since 5.1, and a number before. */
function credits(world: World, server: Members): readonly unknown[] {
  prepareCredits(world, server);
  const made = world.make("cifs_credits");
  if (made === null) return [server, unsigned(world), operation(world)];
  const chosen = world.dice.choose(2 ** 9, "credits");
  made["value"] = UNSIGNED[chosen & 7];
  made["instance"] = (chosen >> 3) & 3;
  setMember(made, "in_flight_check", (chosen >> 5) & 3);
  return [server, made, OPERATIONS[(chosen >> 6) & 7]];
}

function decryption(world: World, server: Members): readonly unknown[] {
  const work = world.make("smb2_decrypt_work") ?? {};
  work["server"] = server;
  work["buf"] = world.bytes("encrypted");
  work["len"] = 100;
  setMember(work, "npages", world.dice.choose(3, "pages"));
  return [work["decrypt"]];
}

/** Vectors of some bytes, and how many of those were received already: always fewer than all. */
function vectors(world: World): readonly unknown[] {
  const chosen = world.dice.choose(64, "vectors");
  const lengths = [1 + (chosen & 3), 1 + ((chosen >> 2) & 1), 8];
  const from = structArray(3, () => new kvec());
  const bytes = world.bytes("vector-bytes");
  for (let i = 0; i < 3; i++) {
    const vector = from[i] as kvec;
    vector.iov_base = bytes;
    vector.iov_len = lengths[i] ?? 1;
  }
  return [structArray(3, () => new kvec())[0], from[0], 3, chosen >> 3];
}

/** A session packet, and a connection that is being negotiated: there, a refusal makes it try another way. */
function packet(world: World, server: Members): readonly unknown[] {
  if ("with_rfc1001" in server && flag(world)) {
    server["with_rfc1001"] = false;
    server["rfc1001_sessinit"] = -1;
    server["tcpStatus"] = 5;
    makeMid(world, server);
  }
  return [server, PACKETS[world.dice.choose(PACKETS.length, "packet")]];
}

/** A request, but only where the connection could receive its answer now: it needs its buffers. */
function received(world: World, server: Members): readonly unknown[] {
  return [server, flag(world) ? makeMid(world, server) : null];
}

function needsBuffers(server: Members): boolean {
  return server["smallbuf"] !== null && server["bigbuf"] !== null;
}

const SERVER_ONLY = `smb2_can_echo cifs_can_echo smb2_need_neg cifs_need_neg zero_credits change_conf is_smb1
  server_unresponsive SMB2_echo CIFSSMBEcho allocate_buffers generic_ip_connect ip_connect cifs_reconnect_once
  cifs_queue_server_reconn cifs_negotiate_protocol smb2_negotiate clean_demultiplex_info`;

const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  ...Object.fromEntries(SERVER_ONLY.split(/\s+/).map((name) => [name, justServer])),
  cifs_reconnect: marking,
  cifs_mark_tcp_ses_conns_for_reconnect: marking,
  _cifs_reconnect: (world, server) => [server, flag(world), flag(world)],
  __cifs_reconnect: (world, server) =>
    world.model.functions["cifs_reconnect_once"] !== undefined
      ? [server, flag(world), flag(world)]
      : marking(world, server),
  // The sample's takes the state that requests are left in.
  cifs_abort_connection: (world, server) =>
    "smb_ses_list" in server ? [server] : [server, 1 << world.dice.choose(4, "state")],
  cifs_tcp_ses_needs_reconnect: (world, server) => [server, world.dice.choose(3, "targets")],
  set_credits: (world, server) => [server, signed(world)],
  smb2_set_credits: (world, server) => [server, signed(world)],
  cifs_set_credits: (world, server) => [server, signed(world)],
  cifs_set_status: (world, server) => [server, world.dice.choose(5, "status")],
  smb2_get_credits_field: (world, server) => [server, operation(world)],
  cifs_get_credits_field: (world, server) => [server, operation(world)],
  add_credits: credits,
  smb2_add_credits: credits,
  // Before there were tables of operations, credits were of one kind.
  cifs_add_credits: (world, server) => ("ops" in server ? credits(world, server) : [server, unsigned(world)]),
  smb2_add_credits_from_hdr: (world, server) => [world.bytes("header"), server],
  cifs_ses_get_chan_index: (world, server) => [world.make("cifs_ses"), flag(world) ? server : null],
  smb2_echo_callback: callback,
  cifs_echo_callback: callback,
  mid_execute_callback: callback,
  smb_get_mid: (world, server) => [makeMid(world, server)],
  is_smb_response: packet,
  cifs_read_from_socket: (world, server) => [
    server,
    world.bytes("read"),
    LENGTHS[world.dice.choose(LENGTHS.length, "length")],
  ],
  standard_receive3: received,
  cifs_handle_standard: received,
  get_rfc1002_length: (world) => [world.bytes("length")],
  get_rfc1002_len: (world) => [world.bytes("length")],
  inc_rfc1001_len: (world) => [world.bytes("length"), signed(world)],
  put_bcc: (world) => [unsigned(world) & 0xffff, world.bytes("bcc")],
  put_bcc_le: (world) => [unsigned(world) & 0xffff, world.bytes("bcc")],
  BCC: (world) => [world.bytes("bcc")],
  header_size: () => [],
  max_header_size: () => [],
  find_mid: (world, server) => [server, world.bytes("find")],
  get_server_iovec: (world, server) => [server, 1 + world.dice.choose(3, "vectors")],
  kvec_array_init: vectors,
  smb2_decrypt_offload: decryption,
  cifs_echo_request: (_world, server) => [(server["echo"] as DelayedWork).work],
};
/** What is called only while the connection has its buffers, for it takes them for granted. */
const RECEIVING = new Set(["standard_receive3", "cifs_handle_standard"]);

/** Functions that are worth calling more often than others: much of the slice hangs on them alone. */
const OFTEN = [
  "is_smb_response",
  "add_credits",
  "smb2_decrypt_offload",
  "smb2_add_credits",
  "change_conf",
  "cifs_reconnect_once",
  "kvec_array_init",
];

/** The functions of a kernel that can be called from outside. */
export function callable(functions: Readonly<Record<string, unknown>>): readonly string[] {
  const there = Object.keys(ARGUMENTS).filter((name) => functions[name] !== undefined);
  return [...there, ...OFTEN.flatMap((name) => (there.includes(name) ? [name, name] : []))];
}

/** Calls one of `names`. */
export function callSomething(world: World, server: Members, names: readonly string[]): void {
  const name = names[world.dice.choose(names.length, "function")] ?? "";
  const called = world.model.functions[name];
  if (called === undefined || (RECEIVING.has(name) && !needsBuffers(server))) return;
  world.callInThread(called, ARGUMENTS[name]?.(world, server) ?? []);
}
