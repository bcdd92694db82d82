/**
 * The SMB echo: a periodic probe that is skipped after recent traffic, and a watchdog that waits for signs of life.
 */
import type { SystemEntry } from "../../tools/timing/probe.ts";
import { createRunner } from "./environment.ts";
import { exercise } from "./exercise.ts";
import { echoProperties } from "./properties.ts";
import { echoRepair } from "./repair.ts";
import { cifsEchoSlice } from "./slice.ts";

export const cifsEcho = {
  name: "cifs-echo",
  title: "SMB echo",
  probe: "cifs_echo_request",
  model: cifsEchoSlice,
  createRunner,
  exercise,
  properties: echoProperties,
  repair: echoRepair,
} satisfies SystemEntry & Record<string, unknown>;
