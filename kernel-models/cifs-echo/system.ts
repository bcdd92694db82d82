/**
 * The SMB echo: a periodic probe that is skipped after recent traffic, and a watchdog that waits for signs of life.
 */
import type { RepairableSystem } from "../system.ts";
import { echoDraft } from "./draft.ts";
import type { RunRecord, Scenario } from "./echo-run.ts";
import { createRunner } from "./environment.ts";
import { exercise } from "./exercise.ts";
import { echoFigures } from "./figure-text.ts";
import type { Figures } from "./figure-types.ts";
import { echoOptions } from "./options.ts";
import { echoProperties } from "./properties.ts";
import { echoRepair } from "./repair.ts";
import { cifsEchoSlice } from "./slice.ts";
import { echoWitness } from "./witness.ts";

export const cifsEcho: RepairableSystem<Scenario, RunRecord, Figures> = {
  name: "cifs-echo",
  title: "SMB echo",
  // It moved in 6.4, and in later 6.1 stable kernels.
  folders: ["fs/smb/client", "fs/cifs"],
  probe: "cifs_echo_request",
  model: cifsEchoSlice,
  // What the server has, too, moved twice.
  beside: ["fs/smb/common", "fs/smbfs_common", "fs/cifs_common"],
  createRunner,
  exercise,
  properties: echoProperties,
  options: echoOptions,
  witness: echoWitness,
  figures: echoFigures,
  repair: echoRepair,
  draft: echoDraft,
};
