/** What a revision is to a system: its model and its timing facts, or that it does not have the system. */
import { createHash } from "node:crypto";
import type { System } from "../../kernel-models/system.ts";
import type { Configuration } from "../c/configuration.ts";
import type { Program } from "../c/program.ts";
import type { Commit, Repository } from "../history/commits.ts";
import { RepositoryObjects } from "../history/objects.ts";
import { type Judgement, RevisionReader } from "../history/reader.ts";
import { Snapshot } from "../history/snapshot.ts";
import { InputError } from "../kernel/input-error.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { KernelSource } from "../kernel/source.ts";
import { factText } from "../report/words.ts";
import { collectTimingFacts } from "../timing/collect.ts";
import { kernelTimers } from "../timing/kernel-timers.ts";
import { codeOf } from "../translate/effects.ts";
import { MissingEntryError, type TranslatedSlice } from "../translate/model.ts";
import { type KernelModel, sliceOf } from "./translation.ts";

/** A revision has one of these; those of revisions that differ in nothing are the same object. */
export interface RevisionState {
  /** Of what can be told of it. */
  readonly key: string;
  /** Null where the revision does not have the system. */
  readonly model: KernelModel | null;
  /** Why it has none. */
  readonly absent: string | null;
  /** Timing facts of the functions of the slice, in words, with their function. */
  readonly facts: readonly string[];
}

const WORD = /[A-Za-z_]\w*/g;

/** Reads the states of revisions of one repository. */
export class StateReader {
  private readonly objects: RepositoryObjects;
  private readonly reader: RevisionReader<RevisionState>;
  private readonly states = new Map<string, RevisionState>();

  constructor(
    private readonly repository: Repository,
    private readonly system: System,
    configuration: Configuration,
  ) {
    const { id, directory, environment } = repository;
    this.objects = new RepositoryObjects(id, directory, environment, LIMITS.fileBytes);
    this.reader = new RevisionReader(this.objects, {
      folders: system.folders,
      configuration,
      judge: (source, program) => this.judge(source, program),
      besides: (source) => besides(system, source),
    });
  }

  /** How many revisions were translated. */
  get judged(): number {
    return this.reader.judged;
  }

  async at({ commit, tree }: Commit): Promise<RevisionState> {
    const state = await this.reader.at(this.nameOf(commit), tree);
    return state ?? this.absent(`has none of ${this.system.folders.join(", ")}`);
  }

  /** A revision's tree. */
  snapshot({ commit, tree }: Commit): Promise<Snapshot> {
    return Snapshot.open(this.nameOf(commit), tree, this.objects);
  }

  private nameOf(commit: string): string {
    return `${this.repository.id}@${commit.slice(0, 12)}`;
  }

  close(): Promise<void> {
    return this.objects.close();
  }

  private absent(reason: string): RevisionState {
    return this.once({ key: `absent: ${reason}`, model: null, absent: reason, facts: [] });
  }

  private once(state: RevisionState): RevisionState {
    const known = this.states.get(state.key);
    if (known !== undefined) return known;
    this.states.set(state.key, state);
    return state;
  }

  private async judge(source: KernelSource, program: Program): Promise<Judgement<RevisionState>> {
    try {
      const { model, slice } = await sliceOf(source, program, this.system);
      const names = new Set(program.asked);
      for (const word of wordsOfSlice(slice, model)) names.add(word);
      const facts = factsOf(program, model);
      const key = keyOf(model, facts);
      return { value: this.once({ key, model, absent: null, facts }), names, watched: this.watched(program) };
    } catch (error) {
      const cause = error instanceof InputError ? error.cause : null;
      if (!(cause instanceof MissingEntryError)) throw error;
      return { value: this.absent(cause.message), names: new Set(cause.names), watched: new Set() };
    }
  }

  /** Members of which every store belongs to the model, wherever it stands, and macros that may store them. */
  private watched(program: Program): ReadonlySet<string> {
    const { stores, works } = this.system.model;
    const words = new Set([...stores, ...works].map((key) => key.slice(key.indexOf(".") + 1)));
    for (let before = -1; before < words.size; ) {
      before = words.size;
      for (const { macro } of program.macrosOfFiles) {
        if ((macro.body.match(WORD) ?? []).some((word) => words.has(word))) words.add(macro.name);
      }
    }
    return words;
  }
}

function wordsOfSlice({ model }: TranslatedSlice, { text }: KernelModel): readonly string[] {
  const code = [...model.slice.keys()].flatMap((fn) => codeOf(fn).match(WORD) ?? []);
  return [...code, ...(text.match(WORD) ?? [])];
}

function factsOf(program: Program, { functions }: KernelModel): readonly string[] {
  const own = new Set(functions.map(({ name, file }) => `${file} ${name}`));
  return collectTimingFacts(program)
    .facts.filter((fact) => own.has(`${fact.file} ${fact.function}`))
    .map((fact) => `${fact.function}(): ${fact.kind}: ${factText(fact)}`);
}

/** The model without what says only where its C stands, and what else the verdict depends on. */
function keyOf(model: KernelModel, facts: readonly string[]): string {
  const text = model.text
    .replace(/\/\*\*[\s\S]*?\*\//g, "")
    .replace(/[ \t]*\/\/ .*$/gm, "")
    .replace(/[\w./-]+\.[ch]:\d+/g, "");
  const { timers, msleepAddsJiffy, kernel, unmodelled } = model;
  const rest = [timers, msleepAddsJiffy, kernel, unmodelled.map(({ what }) => what), facts];
  return createHash("sha256").update(text).update(JSON.stringify(rest)).digest("hex");
}

/** What a model's surroundings take from files that are no part of its program. */
async function besides(system: System, source: KernelSource): Promise<string> {
  const read = async (path: string): Promise<string | null> => (await source.read(path))?.toString("latin1") ?? null;
  const { timers, msleepAddsJiffy } = await kernelTimers(source);
  return JSON.stringify([timers, msleepAddsJiffy, (await system.kernelFacts?.(read)) ?? null]);
}
