/**
 * Verdicts on many revisions' models: at a glance, by a second thread while the first reads on, and kept in the cache,
 * since the same model has the same verdict whatever repository it comes from.
 */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { System } from "../../kernel-models/system.ts";
import type { Trait } from "../check/figure-story.ts";
import type { Verdict } from "../check/verdict.ts";
import { benchFor, runJob } from "./check-bench.ts";
import type { BenchSetup } from "./check-jobs.ts";
import { type Narrowing, prepare } from "./check-system.ts";
import type { RevisionState } from "./history-states.ts";
import type { ResultCache } from "./result-cache.ts";
import { systemNamed } from "./systems.ts";

/** The usual setting alone. */
export const AT_A_GLANCE: Narrowing = { hz: null, own: {}, wheel: null, seed: 1, size: "glance" };

/** What a check says of one model, as plain data. */
export interface Glance {
  readonly verdict: Verdict;
  /** `name: verdict: detail`, of each property. */
  readonly properties: readonly { readonly name: string; readonly verdict: Verdict; readonly detail: string }[];
  readonly traits: readonly Trait[];
  readonly reasons: readonly string[];
}

export interface ToGlanceWorker {
  readonly key: string;
  readonly setup: BenchSetup;
  readonly unmodelled: number;
}

export interface FromGlanceWorker {
  readonly key: string;
  readonly glance: Glance;
}

/** Checks a model in this thread. */
export function glanceAt({ setup, unmodelled }: ToGlanceWorker): Glance {
  const system = systemNamed(setup.system);
  const { properties, figures } = system;
  const bench = benchFor(system, setup);
  const survey = properties.survey(setup.request, bench.explorer);
  const jobs = properties.plan(setup.request, survey);
  const results = jobs.map((job) => runJob(bench, job));
  const result = properties.conclude(setup.request, survey, jobs, results, unmodelled);
  return {
    verdict: result.verdict,
    properties: result.properties.map(({ name, verdict, detail }) => ({ name, verdict, detail })),
    traits: figures.traits(result.figures),
    reasons: result.reasons,
  };
}

/** Where the verdicts on states come from. */
export class Glances {
  private readonly found = new Map<string, Glance>();
  private readonly waiting: ToGlanceWorker[] = [];
  private worker: Worker | null = null;
  /** What the second thread is at. */
  private doing: ToGlanceWorker | null = null;
  private heard: () => void = () => undefined;
  /** Models that were checked, and not found in the cache. */
  checked = 0;

  /** @param script the compiled glance-worker; null: everything is done in this thread */
  constructor(
    private readonly system: System,
    private readonly cache: ResultCache<Glance>,
    private script: URL | null = new URL("./glance-worker.js", import.meta.url),
  ) {}

  /** Begins the check of a state's model, if it has one that is not known. */
  want({ key, model }: RevisionState): void {
    if (model === null || this.found.has(key) || this.waiting.some((one) => one.key === key)) return;
    const known = this.cache.get(key);
    if (known !== null) {
      this.found.set(key, known);
      return;
    }
    const { setup } = prepare(this.system, model, AT_A_GLANCE);
    this.waiting.push({ key, setup, unmodelled: model.unmodelled.length });
    this.feed();
  }

  /** Waits for all that is wanted; this thread does its part. */
  async settle(progress: (left: number) => void): Promise<void> {
    while (this.waiting.length > 0 || this.doing !== null) {
      const own = this.waiting.pop();
      if (own === undefined) {
        await new Promise<void>((resolve) => {
          this.heard = resolve;
        });
        continue;
      }
      this.take(own.key, glanceAt(own));
      progress(this.waiting.length);
      // What the other thread has found is heard of in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.script = null;
    await this.worker?.terminate();
  }

  /** The verdict on a state; null where it has no model. */
  of({ key, model }: RevisionState): Glance | null {
    if (model === null) return null;
    const glance = this.found.get(key);
    if (glance === undefined) throw new Error("a state was not checked");
    return glance;
  }

  private take(key: string, glance: Glance): void {
    this.checked++;
    this.found.set(key, glance);
    this.cache.put(key, glance);
  }

  /** Gives the second thread the next model when it has none. */
  private feed(): void {
    if (this.doing !== null || this.script === null || !existsSync(this.script)) return;
    const next = this.waiting.shift();
    if (next === undefined) return;
    this.worker ??= this.started(this.script);
    this.doing = next;
    this.worker.postMessage(next);
  }

  private started(script: URL): Worker {
    const worker = new Worker(script, { stdout: false });
    worker.on("message", ({ key, glance }: FromGlanceWorker) => {
      this.doing = null;
      this.take(key, glance);
      this.feed();
      this.heard();
    });
    // What it was at is done by this thread.
    const lost = (): void => {
      if (this.doing !== null) this.waiting.push(this.doing);
      this.doing = null;
      this.script = null;
      this.heard();
    };
    worker.on("error", lost);
    worker.on("exit", lost);
    return worker;
  }
}
