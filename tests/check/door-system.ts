/**
 * A second system, as unlike the echo as can be: a door that opens when it was pushed hard twice in a row. No time, no
 * probe, no phases; scenarios are explored by trying every order of decisions. What runs it has never heard of it.
 */
import type { System } from "../../kernel-models/system.ts";
import type { Runner, RunOptions, RunOutcome } from "../../tools/check/run.ts";
import type { CheckRequest, SystemProperties } from "../../tools/check/system-check.ts";
import type { CheckResult, Schedule, Verdict } from "../../tools/check/verdict.ts";
import { type Decision, decide, firstChoice, ReplayDecisions } from "../../tools/simulator/decisions.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";

export const DOOR_FILE = "net/sunrpc/door.c";
export const DOOR_C = `struct door {
	int pushes;
	int open;
};

void door_shut(struct door *door)
{
	door->pushes = 0;
	door->open = 0;
}

int door_push(struct door *door, int strength)
{
	door->pushes = strength > 3 ? door->pushes + 1 : 0;
	if (door->pushes == 2)
		door->open = 1;
	return door->open;
}
`;

type Visitors = "strong" | "mixed";

export interface DoorScenario {
  readonly visitors: Visitors;
  /** Pushes after which the door must be open. */
  readonly patience: number;
}

export interface DoorRun extends RunOutcome {
  readonly strengths: readonly number[];
  readonly isOpen: boolean;
}

export interface DoorFigures {
  readonly scenarios: readonly (DoorScenario & { readonly verdict: Verdict; readonly mostPushes: number })[];
  readonly histories: number;
}

interface DoorRequest extends CheckRequest {
  readonly visitors: readonly Visitors[] | null;
}

interface Explored {
  readonly violation: Schedule<DoorScenario> | null;
  readonly mostPushes: number;
  readonly histories: number;
}

interface DoorWork {
  readonly request: DoorRequest;
  readonly explorer: Runner<DoorScenario, DoorRun>;
  readonly survey: null;
  readonly job: DoorScenario;
  readonly result: Explored;
}

interface DoorModule {
  readonly createModel: (
    kernel: Simulation,
    environment: object,
    options: object,
  ) => {
    readonly structs: { readonly door: new (kernel: Simulation) => object };
    readonly functions: {
      readonly door_shut: (door: object) => void;
      readonly door_push: (door: object, strength: number) => number;
    };
  };
}

const STRONG = 5;
const WEAK = 1;

function runDoor(module: DoorModule, scenario: DoorScenario, options: RunOptions): DoorRun {
  const kernel = new Simulation({
    hz: 250,
    timers: "exact",
    longBits: 64,
    msleepAddsJiffy: true,
    trace: options.trace ?? null,
  });
  const { structs, functions } = module.createModel(kernel, {}, { workqueueOptions: {} });
  const door = new structs.door(kernel);
  functions.door_shut(door);
  const strengths: number[] = [];
  let isOpen = false;
  while (!isOpen && strengths.length < scenario.patience) {
    const isWeak = scenario.visitors === "mixed" && decide(options.decisions ?? firstChoice, 2, "who pushes") === 1;
    const strength = isWeak ? WEAK : STRONG;
    strengths.push(strength);
    kernel.note("pushed", isWeak ? "weak" : "strong");
    isOpen = functions.door_push(door, strength) !== 0;
  }
  return { fault: null, strengths, isOpen };
}

/** Every order of decisions, the shortest violation first that a depth-first search comes to. */
function explore(run: Runner<DoorScenario, DoorRun>, scenario: DoorScenario): Explored {
  let violation: Schedule<DoorScenario> | null = null;
  let [mostPushes, histories] = [0, 0];
  for (let prefix: readonly Decision[] | null = []; prefix !== null; ) {
    const asked: Decision[] = [];
    const source = new ReplayDecisions(prefix, firstChoice);
    const record = run(scenario, {
      decisions: {
        choose: (n, label) => {
          const chosen = source.choose(n, label);
          asked.push({ label, n, chosen });
          return chosen;
        },
      },
    });
    histories++;
    mostPushes = Math.max(mostPushes, record.strengths.length);
    if (!record.isOpen) violation ??= { scenario, decisions: asked };
    const last = asked.findLastIndex((one) => one.chosen + 1 < one.n);
    const next = asked[last];
    prefix = next === undefined ? null : [...asked.slice(0, last), { ...next, chosen: next.chosen + 1 }];
  }
  return { violation, mostPushes, histories };
}

function conclude(jobs: readonly DoorScenario[], results: readonly Explored[]): CheckResult<DoorScenario, DoorFigures> {
  const violation = results.find((one) => one.violation !== null)?.violation ?? null;
  const verdict = violation === null ? "holds" : "violated";
  const scenarios = jobs.map((job, i) => {
    const { violation: found, mostPushes } = results[i] ?? { violation: null, mostPushes: 0 };
    return { ...job, verdict: found === null ? ("holds" as const) : ("violated" as const), mostPushes };
  });
  return {
    verdict,
    properties: [{ name: "door-opens", kind: "progress", verdict, violation, detail: "within the visitors' patience" }],
    figures: { scenarios, histories: results.reduce((sum, one) => sum + one.histories, 0) },
    bounds: ["every order of up to 4 pushes"],
    reasons: [],
  };
}

const VISITORS: readonly Visitors[] = ["strong", "mixed"];

const properties: SystemProperties<DoorScenario, DoorRun, DoorFigures, DoorWork> = {
  kinds: { "door-opens": "progress" },
  explorer: (run, { replayed }) =>
    replayed(
      run,
      (a, b) => a.isOpen === b.isOpen && a.strengths.join() === b.strengths.join(),
      ({ visitors }) => visitors,
    ),
  survey: () => null,
  plan: (request) => (request.visitors ?? VISITORS).map((visitors) => ({ visitors, patience: 4 })),
  judge: (property, _, run) => (property === "door-opens" ? !run.isOpen : null),
  cost: ({ patience }) => patience,
  runJob: (_, scenario, run) => explore(run, scenario),
  conclude: (_, __, jobs, results) =>
    conclude(
      jobs,
      results.flatMap((one) => ("message" in one ? [] : [one])),
    ),
};

export const door: System<DoorScenario, DoorRun, DoorFigures> = {
  name: "door",
  title: "heavy door",
  folders: ["net/sunrpc"],
  beside: [],
  model: {
    ...{ name: "door", entries: [{ name: "door_shut" }, { name: "door_push" }], stores: [], guarded: [], state: [] },
    ...{ works: [], observed: [], beyond: [], environment: [], environmentMembers: [], tables: {}, noEffect: [] },
    constants: [],
  },
  createRunner: (module) => {
    const model = module as unknown as DoorModule;
    return (scenario, options = {}) => runDoor(model, scenario, options);
  },
  properties,
  options: [
    {
      name: "visitors",
      values: "<KIND,...>",
      help: "only these visitors: strong, mixed",
      key: "visitors",
      read: (word) => VISITORS.find((one) => one === word) ?? null,
      what: "strong or mixed",
    },
  ],
  witness: {
    schemas: (zod) => ({
      scenario: zod.strictObject({ visitors: zod.enum(["strong", "mixed"]), patience: zod.int().min(1).max(100) }),
      expected: zod.strictObject({ isOpen: zod.boolean(), pushes: zod.int() }),
    }),
    expectedOf: ({ isOpen, strengths }) => ({ isOpen, pushes: strengths.length }),
    nameOf: ({ visitors, patience }) => `${visitors}-${patience}`,
    endOf: (_, { isOpen }) => (isOpen ? "the door opens" : "the door stays shut"),
    timelineOf: ({ visitors }, { strengths, isOpen }) => ({
      setting: `${visitors} visitors`,
      from: "they came",
      rows: strengths.map((strength, i) => ({
        time: String(i),
        event: strength === WEAK ? "a weak push" : "a strong push",
        effect: "",
        likeness: String(strength),
      })),
      reasons: isOpen ? [] : ["Nobody strong came twice in a row."],
    }),
  },
  figures: {
    schema: (zod) =>
      zod.strictObject({
        scenarios: zod.array(
          zod.strictObject({
            visitors: zod.enum(["strong", "mixed"]),
            patience: zod.int(),
            verdict: zod.enum(["holds", "violated", "inconclusive"]),
            mostPushes: zod.int(),
          }),
        ),
        histories: zod.int(),
      }),
    blocks: ({ scenarios, histories }) => [
      `${histories} histories`,
      {
        head: ["visitors", "verdict", "pushes"],
        align: ["left", "left", "right"],
        rows: scenarios.map((one) => [one.visitors, one.verdict, String(one.mostPushes)]),
      },
    ],
    columns: ["histories"],
    traits: () => [],
    cells: ({ histories }) => [String(histories)],
  },
};
