/**
 * All systems. One line each; tools/cli is the only room that reads this.
 */
import type { SystemEntry } from "../tools/timing/probe.ts";
import { cifsEcho } from "./cifs-echo/system.ts";

export const SYSTEMS: readonly SystemEntry[] = [cifsEcho];
