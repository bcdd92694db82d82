/** Kernels that tests are about: each as it is, and with the old bug. */
import { afterAll, beforeAll } from "vitest";
import type { KernelModel } from "../../tools/cli/translation.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { checkedModel, type EchoChecked, smbClientOnly, translated } from "./checked.ts";
import { editedKernel } from "./edited.ts";
import { debianKernel } from "./kernels.ts";
import { type Intervals, waiting } from "./mutations.ts";

export interface Subject {
  readonly source: KernelSource;
  readonly models: Readonly<Record<Intervals, KernelModel>>;
  readonly checked: Readonly<Record<Intervals, EchoChecked>>;
}

/** What a test can skip itself with. */
export interface Context {
  skip(condition: boolean, note: string): void;
}

export interface Subjects {
  /** The kernel; the test is skipped, with the reason, where there is none. */
  readonly get: (context: Context, version: string) => Subject;
}

async function subjectOf(whole: KernelSource): Promise<Subject> {
  const source = smbClientOnly(whole);
  const models = {
    3: await translated(source),
    2: await translated(await editedKernel(source, waiting(2))),
  };
  return { source, models, checked: { 3: await checkedModel(models[3]), 2: await checkedModel(models[2]) } };
}

/** Opens, translates and checks kernels before the tests of a file. */
export function useSubjects(versions: readonly string[]): Subjects {
  const subjects = new Map<string, Subject>();
  const reasons = new Map<string, string>();
  const opened: KernelSource[] = [];
  beforeAll(async () => {
    for (const version of versions) {
      const { source, why } = await debianKernel(version);
      if (source === null) {
        reasons.set(version, why);
        continue;
      }
      opened.push(source);
      subjects.set(version, await subjectOf(source));
    }
  });
  afterAll(async () => {
    for (const source of opened) await source.close();
  });
  return {
    get: (context, version) => {
      const subject = subjects.get(version);
      context.skip(subject === undefined, reasons.get(version) ?? "");
      if (subject === undefined) throw new Error("skipped");
      return subject;
    },
  };
}
