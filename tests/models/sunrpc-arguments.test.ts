/** What the surroundings say of calls that ask for another socket than the one that they play. */
import { expect, test } from "vitest";
import { SOCKET } from "../repair/reconnect-kernel.ts";
import { ABOVE, editedClient, ending } from "./sunrpc-run.ts";

const NEWEST = 12;
const CONNECT = "kernel_connect(transport->sock, &xprt->addr, sizeof(xprt->addr), O_NONBLOCK)";
const CREATE = "int err = sock_create_kern(";

test.each([
  [
    "AF_INET, SOCK_STREAM",
    "AF_INET6, SOCK_STREAM",
    /sock_create_kern\(\) at .*xs_create_sock: family 10: only AF_INET/,
  ],
  ["SOCK_STREAM, IPPROTO_TCP", "SOCK_DGRAM, IPPROTO_UDP", /sock_create_kern\(\) at .*: type 2: only SOCK_STREAM/],
  ["SOCK_STREAM, IPPROTO_TCP", "SOCK_STREAM, 132", /sock_create_kern\(\) at .*: protocol 132: only IPPROTO_TCP/],
  [
    CONNECT,
    CONNECT.replace("O_NONBLOCK", "0"),
    /kernel_connect\(\) at .*xs_tcp_setup_socket: flags 0: only O_NONBLOCK/,
  ],
  [
    "int err = 0;",
    "int err = 0;\n\n\t((struct sockaddr_in *)&xprt->addr)->sin_port = htons(111);",
    /kernel_connect\(\) at .*: port 111: only that of the server \(2049\)/,
  ],
  [
    "int err = 0;",
    "int err = 0;\n\n\txprt->addr.sa_family = AF_INET6;",
    /kernel_connect\(\) at .*: address family 10: only AF_INET/,
  ],
  [
    `${CREATE}AF_INET, SOCK_STREAM, IPPROTO_TCP, &sock);`,
    `${CREATE}AF_INET, SOCK_STREAM, IPPROTO_TCP, &sock);
	struct sockaddr any = { .sa_family = AF_INET6 };

	if (err == 0)
		err = kernel_bind(sock, &any, sizeof(any));`,
    /kernel_bind\(\) at .*: address family 10: only AF_INET/,
  ],
  [
    "kvec rest;",
    "kvec rest;\n\n\tmsg.msg_flags = 0;",
    /kernel_sendmsg\(\) at .*xs_send_rest: flags 0: only MSG_DONTWAIT/,
  ],
  [
    "MSG_DONTWAIT) != sizeof(reply)",
    "MSG_WAITALL) != sizeof(reply)",
    /kernel_recvmsg\(\): flags 256: only MSG_DONTWAIT/,
  ],
])("%j made %j stops the history", async (before, after, message) => {
  const client = await editedClient(NEWEST, [{ file: SOCKET, replace: [[before, after]] }]);
  expect(client.unmodelled).toEqual([]);
  expect(() => ending(client, ABOVE)).toThrow(message);
});

test.each([
  // The type says what the protocol is.
  ["IPPROTO_TCP", "0"],
  ["O_NONBLOCK", "O_NONBLOCK | 0100"],
])("%j made %j changes nothing", async (before, after) => {
  const client = await editedClient(NEWEST, [{ file: SOCKET, replace: [[before, after]] }]);
  expect(ending(client, ABOVE)).toMatchObject({ status: 0, seconds: expect.any(Number) });
});
