/**
 * The SMB echo: a periodic probe that is skipped after recent traffic, and a watchdog that waits for signs of life.
 */
import type { SystemEntry } from "../../tools/timing/probe.ts";

export const cifsEcho: SystemEntry = {
  name: "cifs-echo",
  title: "SMB echo",
  probe: "cifs_echo_request",
};
