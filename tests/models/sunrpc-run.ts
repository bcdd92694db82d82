/** Runs of the sample's RPC client as it is and with edits in its C: the document's scenario, in fair mode. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelModule } from "../../kernel-models/sunrpc-reconnect/members.ts";
import type { Scenario } from "../../kernel-models/sunrpc-reconnect/scenarios.ts";
import { sunrpcReconnectSlice } from "../../kernel-models/sunrpc-reconnect/slice.ts";
import { NEWEST_TCP, type TcpOptions } from "../../kernel-models/sunrpc-reconnect/tcp-options.ts";
import { World } from "../../kernel-models/sunrpc-reconnect/world.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { framesOf } from "../../tools/check/frames.ts";
import { compileModel, instantiateModel } from "../../tools/check/load-model.ts";
import type { ReadKernel } from "../../tools/cli/candidates.ts";
import { ALWAYS_WANTED } from "../../tools/cli/surroundings.ts";
import { programOf } from "../../tools/cli/translation.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { type MachineParts, machineModules } from "../../tools/simulator/machine-modules.ts";
import { translateSlice } from "../../tools/translate/model.ts";
import { type Edit, editedKernel } from "../kernels/edited.ts";
import { SOCKET } from "../repair/reconnect-kernel.ts";

const PROJECT = join(import.meta.dirname, "../..");
const CACHE = process.env["GROUNDHOG_TEST_CACHE"] ?? join(tmpdir(), "groundhog-test-cache");
const TEMPLATE = readFileSync(join(PROJECT, "templates/model.ts.hbs"), "utf8");

/** What decides that a call hangs. */
const MAX_SECONDS = 900;
const MAX_STEPS = 20_000;
const HZ = 250;

/** A model on a machine of its own for each run. */
export interface Runnable {
  readonly module: ModelModule;
  readonly unmodelled: readonly string[];
  readonly enter: (parts: MachineParts) => void;
}

/** A step of the sample. */
export function sampleSource(step: number): Promise<KernelSource> {
  return openKernel(`sample@${step}`, {
    wanted: ALWAYS_WANTED,
    cacheDirectory: CACHE,
    sampleDirectory: join(PROJECT, "kernel-models/sample"),
    workingDirectory: PROJECT,
  });
}

/** Remembers what was made of a step: tests of a file share it. */
function oncePerStep<Made>(make: (step: number) => Promise<Made>): (step: number) => Promise<Made> {
  const known = new Map<number, Promise<Made>>();
  return (step) => {
    const made = known.get(step) ?? make(step);
    known.set(step, made);
    return made;
  };
}

/** A step of the sample as it is, read once. */
export const sampleStep = oncePerStep(async (step): Promise<ReadKernel> => {
  const source = await sampleSource(step);
  return { source, program: await programOf(source, everythingEnabled()) };
});

/** The client of a step as it is, translated once. */
export const sampleClient = oncePerStep(async (step) => translated(await sampleStep(step)));

/** Translates a step of the sample with texts of its files replaced. */
export async function editedClient(step: number, edits: readonly Edit[]): Promise<Runnable> {
  return clientOf(await editedKernel(await sampleSource(step), edits));
}

/** Translates the client of a kernel. */
export async function clientOf(source: KernelSource): Promise<Runnable> {
  return translated({ source, program: await programOf(source, everythingEnabled()) });
}

function translated({ source, program }: ReadKernel): Runnable {
  const { translation } = translateSlice(program, sunrpcReconnectSlice, {
    kernel: { id: source.id, version: source.version },
    longBits: 64,
    template: TEMPLATE,
    simulatorPath: "../../tools/simulator",
  });
  let present: MachineParts | null = null;
  const modules = machineModules(() => {
    if (present === null) throw new Error("no machine is there yet");
    return present;
  });
  return {
    module: instantiateModel(framesOf(compileModel(translation.text)), modules) as unknown as ModelModule,
    unmodelled: translation.unmodelled.map((one) => `${one.file}:${one.line}: ${one.what}`),
    enter: (parts) => {
      present = parts;
    },
  };
}

/** What a run is made with; the rest is the document's. */
export interface Setting {
  readonly user: string;
  readonly rpciod: string;
  readonly cpus: number;
  readonly scenario?: Partial<Scenario>;
  readonly tcp?: Partial<TcpOptions>;
}

/** The user's priority is above that of rpciod on the only CPU: the document's hang. */
export const ABOVE: Setting = { user: "RR 50", rpciod: "OTHER", cpus: 1 };

/** What came of the call that was under way when the way was closed. */
export interface Ending {
  /** Seconds from the moment when the way is open again; null when it hangs. */
  readonly seconds: number | null;
  /** What stat() returned; 0 when it hangs. */
  readonly status: number;
  /** When the first call ended, in seconds. */
  readonly first: number;
}

const CLEAR = "\txprt_clear_connecting(xprt);\n";
const WAKE = "\tif (err)\n\t\txprt_wake_pending_tasks(xprt, err);\n";

/** The sample's connect worker wakes who waits for it before it says that it connects no more. */
export const WAKES_FIRST: Edit = { file: SOCKET, replace: [[CLEAR + WAKE, WAKE + CLEAR]] };

function worldOf(client: Runnable, { user, rpciod, cpus, scenario, tcp }: Setting): World {
  const document: Scenario = {
    hz: HZ,
    longBits: 64,
    timers: "exact",
    user,
    rpciod,
    cpus,
    scheduler: "fair",
    pauseSeconds: 10,
    restartSeconds: 5,
    healSeconds: 15,
    serverEnd: "fin",
    boundSeconds: MAX_SECONDS,
    ...scenario,
  };
  const options = { ...NEWEST_TCP, ticksPerSecond: HZ, serverFinSeconds: 0, ...tcp };
  return new World(client.module, document, options, false, client.enter);
}

/** The faults, so that the way is closed a second before the next call is made. */
function closeTheWay({ machine, network, scenario }: World): void {
  const call = machine.clock.tick + scenario.pauseSeconds * HZ;
  network.faults.push(
    { tick: call - HZ, fault: "blackhole" },
    { tick: call + scenario.restartSeconds * HZ, fault: "restart" },
    { tick: call + scenario.healSeconds * HZ, fault: "heal" },
  );
}

/** Makes a run: a call, faults that begin with the next one, and what becomes of that. */
export function ending(client: Runnable, setting: Setting): Ending {
  const world = worldOf(client, setting);
  const { machine, network, user } = world;
  const start = machine.clock.tick;
  let first = -1;
  for (let step = 0; step < MAX_STEPS; step++) {
    machine.settle();
    const [next] = machine.actions();
    if (next === undefined) break;
    if (first < 0 && user.completed === 1) {
      first = (user.endedTick - start) / HZ;
      if (user.lastStatus !== 0) return { seconds: null, status: user.lastStatus, first };
      closeTheWay(world);
    }
    if (user.completed >= 2) {
      const healed = network.healTick < 0 ? machine.clock.tick : network.healTick;
      return { seconds: (user.endedTick - healed) / HZ, status: user.lastStatus, first };
    }
    if (network.healTick >= 0 && machine.clock.tick - network.healTick > MAX_SECONDS * HZ) break;
    machine.take(next);
  }
  return { seconds: null, status: 0, first };
}
