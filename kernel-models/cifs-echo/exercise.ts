/**
 * Random histories of the model of the SMB echo, for comparing it with the C that it was translated from: wild rather
 * than likely, so that they come to as many lines as they can in few decisions. The model's own rules are not known
 * here; what is handed to it is only kept within what C could do: integers within their types, memory of the sizes that
 * it was asked for.
 *
 * A history talks to the model through its functions, structs and globals, through the environment and the simulator,
 * and stores nothing in memory behind its back, so that whoever stands in between sees all there is to see.
 */
import type { Exercise } from "../../tools/check/exercise.ts";
import { lateUpTo } from "../../tools/simulator/decisions.ts";
import { Dice } from "../exercise-dice.ts";
import { BEGINNINGS, LATENESS, MOST_EVENTS, simulation } from "../exercise-machine.ts";
import { mount, type Repertoire, turn } from "./exercise-actions.ts";
import { callable } from "./exercise-calls.ts";
import { surroundings } from "./exercise-environment.ts";
import { makeServer } from "./exercise-objects.ts";
import { globalStores, storesTo } from "./exercise-stores.ts";
import { ERRORS, Memory, World } from "./exercise-world.ts";
import type { ModelInstance, ModelModule } from "./mount.ts";

/** Kinds of histories that begin with a connection without a thread. */
const BARE_KINDS = new Set([1, 2, 4]);
/** Kinds of history: see World. */
const KINDS = 8;

/** What is made once for a model and serves all its histories. */
class Gym {
  readonly functions: Readonly<Record<string, unknown>>;
  readonly memory = new Memory();
  private present: World | null = null;
  private repertoire: Repertoire | null = null;

  constructor(readonly module: ModelModule) {
    this.functions = surroundings(module, () => {
      if (this.present === null) throw new TypeError("no history runs");
      return this.present;
    });
  }

  /** Lets a history begin. */
  enter(world: World): void {
    this.memory.reset();
    this.present = world;
  }

  /** What this kernel has; the first history finds out. */
  repertoireOf(world: World): Repertoire {
    this.repertoire ??= repertoireOf(world);
    return this.repertoire;
  }
}

function repertoireOf(world: World): Repertoire {
  const { functions, globals } = world.model;
  const server = world.make("TCP_Server_Info") ?? {};
  return {
    calls: callable(functions),
    stores: storesTo(server),
    globals: globalStores(globals),
    hasChannels: "primary_server" in server,
  };
}

const gyms = new WeakMap<object, Gym>();

function gymOf(module: Readonly<Record<string, unknown>>): Gym {
  const known = gyms.get(module);
  if (known !== undefined) return known;
  const made = new Gym(module as unknown as ModelModule);
  gyms.set(module, made);
  return made;
}

/** One random history. */
export const exercise: Exercise = (module, options) => {
  const gym = gymOf(module);
  const dice = new Dice(options.decisions, options.maxDecisions, ERRORS);
  const beginning = dice.choose(BEGINNINGS * LATENESS.length * BEGINNINGS * KINDS, "beginning");
  const kernel = simulation(options, dice, beginning % BEGINNINGS);
  dice.onEnd = () => kernel.stop("the decisions are used up");
  const world = new World({ kernel, dice, memory: gym.memory, constants: gym.module.constants });
  gym.enter(world);
  const lateness = LATENESS[(beginning >> 3) % LATENESS.length] ?? 0;
  world.model = gym.module.createModel(kernel, gym.functions, {
    workqueueOptions: lateness > 0 ? { latency: lateUpTo(lateness) } : {},
  }) as ModelInstance;
  const trouble = (beginning >> 5) % BEGINNINGS;
  // Where the first mount fails, there is often not much more to see.
  const isEarly = beginning % 5 === 0;
  if (isEarly) dice.setTrouble(trouble);
  const kind = beginning >> 8;
  world.timesOut = kind === 3 || kind === 7;
  world.runsOutOfMemory = kind === 6;
  world.hasLargeWindows = kind % 2 === 1;
  const repertoire = gym.repertoireOf(world);
  kernel.after(0, () => {
    if (!BARE_KINDS.has(kind) || makeServer(world) === null) mount(world, repertoire);
  });
  kernel.after(1, () => {
    dice.setTrouble(trouble);
    turn(world, repertoire);
  });
  kernel.run({ maxEvents: MOST_EVENTS(options.maxDecisions) });
};
