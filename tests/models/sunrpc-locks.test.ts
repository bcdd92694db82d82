/** Spinlocks of the sample's RPC client that are taken twice, or kept: no run ends as if nothing were the matter. */
import { describe, expect, test } from "vitest";
import type { Edit } from "../kernels/edited.ts";
import { SOCKET, TRANSPORT } from "../repair/reconnect-kernel.ts";
import { ABOVE, editedClient, ending } from "./sunrpc-run.ts";

const NEWEST = 12;
const TAKE = "\tspin_lock_bh(&xprt->transport_lock);\n";
const RELEASE = "\t\tspin_unlock_bh(&xprt->transport_lock);\n";
const POINTER = "\tspinlock_t *lock = &xprt->transport_lock;\n\tspin_lock_bh(lock);\n";

const MISTAKES: readonly (readonly [name: string, edit: Edit, said: RegExp])[] = [
  [
    "a thread takes a lock twice",
    { file: TRANSPORT, replace: [[TAKE, TAKE + TAKE]] },
    /xprt\.c:\d+ \w+ takes rpc_xprt\.transport_lock, which it holds since net\/sunrpc\/xprt\.c:\d+ \w+/,
  ],
  [
    "the second time by a pointer",
    { file: TRANSPORT, replace: [[TAKE, TAKE + POINTER]] },
    /takes \*lock, which it holds since net\/sunrpc\/xprt\.c/,
  ],
  [
    "a callback keeps a lock",
    { file: SOCKET, replace: [[RELEASE, ""]] },
    /rpc_xprt\.transport_lock, taken at net\/sunrpc\/xprtsock\.c:\d+ \w+, is still held at the end of the callback/,
  ],
];

describe("a lock", () => {
  test.each(MISTAKES)("%s", async (_, edit, said) => {
    const client = await editedClient(NEWEST, [edit]);
    expect(client.unmodelled).toEqual([]);
    expect(() => ending(client, ABOVE)).toThrow(said);
  });
});
