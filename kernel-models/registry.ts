/**
 * All systems. One line each; tools/cli is the only room that reads this.
 */
import { cifsEcho } from "./cifs-echo/system.ts";
import { sunrpcReconnect } from "./sunrpc-reconnect/system.ts";
import type { System } from "./system.ts";

export const SYSTEMS: readonly System[] = [cifsEcho, sunrpcReconnect];
