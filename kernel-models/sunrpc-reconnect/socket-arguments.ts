/**
 * What the calls of sockets must be given: the surroundings play one socket of TCP over IPv4, whose calls never sleep,
 * to one port of one server. A call that asks for anything else would be answered with what it did not ask for, so it
 * stops the history, with the call and the argument by name.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";

/** NFS_PORT of include/uapi/linux/nfs.h: where the server listens. */
export const SERVER_PORT = 2049;

// include/linux/socket.h
export const AF_UNSPEC = 0;
export const AF_INET = 2;
const MSG_DONTWAIT = 0x40;
// include/linux/net.h, include/uapi/linux/in.h, include/uapi/asm-generic/fcntl.h
const SOCK_STREAM = 1;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const O_NONBLOCK = 0o4000;

/** A call as a message names it: what is called, and from where in the kernel's source. */
export interface Call {
  readonly name: string;
  readonly place: string;
}

/** struct sockaddr and struct sockaddr_in. */
export interface Address {
  readonly sa_family: number;
  readonly sin_port?: number;
}

/** htons(), ntohs(). */
export function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}

function refuse({ name, place }: Call, argument: string, value: number, played: string): never {
  const where = place === "" ? "" : ` at ${place}`;
  throw new SimulationFault("unsupported", `${name}()${where}: ${argument} ${value}: only ${played} is played`);
}

/** sock_create_kern(), __sock_create(): 0 is the protocol of the type. */
export function requireTcp(call: Call, family: number, type: number, protocol: number): void {
  if (family !== AF_INET) refuse(call, "family", family, `AF_INET (${AF_INET})`);
  if (type !== SOCK_STREAM) refuse(call, "type", type, `SOCK_STREAM (${SOCK_STREAM})`);
  if (protocol === IPPROTO_TCP || protocol === IPPROTO_IP) return;
  refuse(call, "protocol", protocol, `IPPROTO_TCP (${IPPROTO_TCP})`);
}

/** kernel_connect() to the server; with AF_UNSPEC it disconnects, which waits for nothing and looks at no flags. */
export function requireServer(call: Call, { sa_family: family, sin_port: port = 0 }: Address, flags: number): void {
  if (family === AF_UNSPEC) return;
  if (family !== AF_INET) refuse(call, "address family", family, `AF_INET (${AF_INET}) or AF_UNSPEC (${AF_UNSPEC})`);
  if (port !== swapped(SERVER_PORT)) refuse(call, "port", swapped(port), `that of the server (${SERVER_PORT})`);
  if ((flags & O_NONBLOCK) === 0) refuse(call, "flags", flags, `O_NONBLOCK (${O_NONBLOCK})`);
}

/** kernel_bind(): __inet_bind() of net/ipv4/af_inet.c takes AF_UNSPEC where no address is named, and none is here. */
export function requireLocal(call: Call, { sa_family: family }: Address): void {
  if (family === AF_INET || family === AF_UNSPEC) return;
  refuse(call, "address family", family, `AF_INET (${AF_INET})`);
}

/** Sends and receives. */
export function requireDontWait(call: Call, flags: number): void {
  if ((flags & MSG_DONTWAIT) === 0) refuse(call, "flags", flags, `MSG_DONTWAIT (${MSG_DONTWAIT})`);
}
