/**
 * Random histories of the model of the RPC client, for comparing it with the C that it was translated from: wild rather
 * than likely, so that they come to as many lines as they can in few decisions. The model's own rules are not known
 * here; what is handed to it is only kept within what C could do. See the exercise of cifs-echo.
 */
import type { Exercise } from "../../tools/check/exercise.ts";
import { lateUpTo } from "../../tools/simulator/decisions.ts";
import { SocketAddress } from "../../tools/simulator/kernel-structs.ts";
import { type Coroutine, kthread_run } from "../../tools/simulator/tasks.ts";
import { Dice } from "../exercise-dice.ts";
import { BEGINNINGS, LATENESS, MOST_EVENTS, simulation } from "../exercise-machine.ts";
import { turn } from "./exercise-actions.ts";
import { callable, type Outer } from "./exercise-calls.ts";
import { surroundings } from "./exercise-environment.ts";
import { mount } from "./exercise-objects.ts";
import { ERRORS, World } from "./exercise-world.ts";
import type { ModelModule } from "./members.ts";

/** What is made once for a model and serves all its histories. */
class Gym {
  readonly functions: Readonly<Record<string, unknown>>;
  present: World | null = null;
  private calls: readonly Outer[] | null = null;

  constructor(readonly module: ModelModule) {
    this.functions = surroundings(module, () => {
      if (this.present === null) throw new TypeError("no history runs");
      return this.present;
    });
  }

  /** What this kernel has; the first history finds out. */
  callsOf(world: World): readonly Outer[] {
    this.calls ??= callable(world.model.functions);
    return this.calls;
  }
}

const gyms = new WeakMap<object, Gym>();

function gymOf(module: Readonly<Record<string, unknown>>): Gym {
  const known = gyms.get(module);
  if (known !== undefined) return known;
  const made = new Gym(module as unknown as ModelModule);
  gyms.set(module, made);
  return made;
}

/** The module is loaded, and something is mounted. */
function* begin(world: World): Coroutine {
  const failed = yield* world.call("init_sunrpc");
  if (typeof failed === "number" && failed !== 0) return;
  yield* mount(world);
}

/** One random history. */
export const exercise: Exercise = (module, options) => {
  const gym = gymOf(module);
  const dice = new Dice(options.decisions, options.maxDecisions, ERRORS);
  const beginning = dice.choose(BEGINNINGS * LATENESS.length * BEGINNINGS, "beginning");
  const kernel = simulation(options, dice, beginning % BEGINNINGS);
  dice.onEnd = () => kernel.stop("the decisions are used up");
  const world = new World(kernel, dice, gym.module, options.sizeOf?.(SocketAddress) ?? 1);
  gym.present = world;
  const lateness = LATENESS[(beginning >> 3) % LATENESS.length] ?? 0;
  world.model = gym.module.createModel(kernel, gym.functions, {
    workqueueOptions: lateness > 0 ? { latency: lateUpTo(lateness) } : {},
  });
  const trouble = (beginning >> 5) % BEGINNINGS;
  // Where the module cannot be loaded, there is not much more to see.
  if (beginning % 23 === 0) dice.setTrouble(trouble);
  const calls = gym.callsOf(world);
  kernel.after(0, () => void kthread_run(kernel, "mount", () => begin(world)));
  kernel.after(1, () => {
    dice.setTrouble(trouble);
    turn(world, calls);
  });
  kernel.run({ maxEvents: MOST_EVENTS(options.maxDecisions) });
};
