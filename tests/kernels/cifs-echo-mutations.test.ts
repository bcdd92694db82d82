/** Changes to the C of real kernels: each is seen in the verdict or the figures, or said not to be modelled. */
import { describe, expect, test } from "vitest";
import { checkedKernel, type Outcome, outcomeOf } from "./checked.ts";
import { editedKernel } from "./edited.ts";
import { MORE, STATIC_COUNTER } from "./more-mutations.ts";
import { type Intervals, type Mutation, OF_THE_ISSUE, waiting } from "./mutations.ts";
import { type Subject, useSubjects } from "./subjects.ts";

const VERSIONS = ["6.1", "6.12"] as const;
const BOTH: readonly Intervals[] = [3, 2];
const subjects = useSubjects(VERSIONS);

interface Case {
  readonly name: string;
  readonly intervals: Intervals;
  readonly mutation: Mutation;
}

/** A case for every number of intervals for which a mutation says what is to be seen. */
function cases(mutations: readonly Mutation[]): readonly Case[] {
  return BOTH.flatMap((intervals) =>
    mutations
      .filter((one) => one.seen[intervals] !== undefined)
      .map((mutation) => ({ name: mutation.name, intervals, mutation })),
  );
}

async function outcomeAfter(
  subject: Subject,
  { edits }: Pick<Mutation, "edits">,
  intervals: Intervals,
): Promise<Outcome> {
  const edited = await editedKernel(subject.source, [...waiting(intervals), ...edits(intervals)]);
  return outcomeOf(await checkedKernel(edited));
}

async function isFollowed(subject: Subject, { intervals, mutation }: Case): Promise<void> {
  const { seen, why } = mutation;
  const before = outcomeOf(subject.checked[intervals]);
  const after = await outcomeAfter(subject, mutation, intervals);
  const wanted = seen[intervals];
  if (wanted === "same") expect(after, why).toEqual(before);
  else {
    expect(after, why).toMatchObject(wanted ?? {});
    expect(after, why).not.toEqual(before);
  }
}

describe.each(VERSIONS)("what the issue names, on linux-source-%s", (version) => {
  test.for(cases(OF_THE_ISSUE))("$name; $intervals intervals", async (one, context) => {
    await isFollowed(subjects.get(context, version), one);
  });
});

// One kernel is enough for these: where the two differ in what is changed, the edits would not fit.
describe("more, on linux-source-6.1", () => {
  test.for(cases(MORE))("$name; $intervals intervals", async (one, context) => {
    await isFollowed(subjects.get(context, "6.1"), one);
  });

  test("a static counter of looks in the function: four looks, or not modelled; never forgotten", async (context) => {
    const after = await outcomeAfter(subjects.get(context, "6.1"), { edits: STATIC_COUNTER }, 3);
    if (after.unmodelled.length === 0) expect(after).toMatchObject({ verdict: "holds", afterEcho: 207.872 });
    else expect(after.verdict).toBe("inconclusive");
  });

  test("what is not modelled is named with its file and line", async (context) => {
    const { source } = subjects.get(context, "6.1");
    const unknown = MORE.find((one) => one.name === "an unknown function is asked first");
    const { translation } = await checkedKernel(await editedKernel(source, unknown?.edits(3) ?? []));
    const text = String(await (await editedKernel(source, unknown?.edits(3) ?? [])).read("fs/smb/client/connect.c"));
    const line = text.split("\n").findIndex((one) => one.includes("frobnicate")) + 1;
    expect(translation.unmodelled).toMatchObject([{ file: "fs/smb/client/connect.c", line }]);
  });
});
