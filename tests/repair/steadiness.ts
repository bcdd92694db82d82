/** One recipe on many disturbed texts, each held against the same recipe on the text as it is. */
import fc from "fast-check";
import { expect } from "vitest";
import {
  type Disturbance,
  disturbance,
  disturbed,
  PROBE_TEXT,
  STRUCT_TEXT,
  split,
  undone,
  WATCHDOG_TEXT,
} from "./disturbed.ts";
import { type Applied, applyTo, type Texts } from "./echo-kernel.ts";

export interface Survey {
  readonly applies: number;
  readonly refuses: number;
}

const FUNCTIONS = [PROBE_TEXT, WATCHDOG_TEXT];

const isHeader = (path: string): boolean => path.endsWith(".h");
const stretchesOf = (path: string) => (isHeader(path) ? [STRUCT_TEXT] : FUNCTIONS);
const namesOf = (path: string): readonly string[] => stretchesOf(path).map((one) => one.name);

function allDisturbed(texts: Texts, all: readonly Disturbance[]): Texts {
  return Object.fromEntries(
    Object.entries(texts).map(([path, text]) => [path, disturbed(text, stretchesOf(path), all)]),
  );
}

/** Every stretch of a result with the disturbances undone. */
function meaning(texts: Texts): readonly string[] {
  return Object.entries(texts).flatMap(([path, text]) =>
    [...split(text, namesOf(path)).inside].map(([name, inside]) => `${name}: ${undone(inside)}`),
  );
}

/** What stands outside of the stretches is the same, to the byte; so is a stretch that the recipe leaves alone. */
function expectUntouched(before: Texts, after: Texts, wanted: Applied): void {
  for (const path of Object.keys(before)) {
    const [was, is] = [split(before[path] ?? "", namesOf(path)), split(after[path] ?? "", namesOf(path))];
    expect(is.outside).toBe(was.outside);
    for (const name of namesOf(path)) {
      const isMeant = wanted.edits.some(({ within }) => stretchNamed(within.name) === name);
      if (!isMeant) expect(is.inside.get(name)).toBe(was.inside.get(name));
    }
  }
}

function stretchNamed(region: string): string {
  const names: Readonly<Record<string, string>> = {
    cifs_echo_request: "probe",
    server_unresponsive: "watchdog",
    TCP_Server_Info: "struct",
  };
  return names[region] ?? `unknown: ${region}`;
}

/** A refusal names a place in one of the stretches that the recipe looks at. */
function expectPlace({ proposal }: Applied, texts: Texts): void {
  if (proposal.kind !== "not-recognised") return;
  expect(proposal.reason).not.toBe("");
  const lines = (texts[proposal.file] ?? "").split("\n");
  const fences = lines.slice(0, proposal.line).filter((line) => /^extern int fence_/.test(line));
  expect(fences.at(-1)).toMatch(/^extern int fence_before_/);
}

/**
 * Disturbs the texts in many ways and applies the recipe to each.
 *
 * @param apply how a recipe is applied; the default parses everything
 */
export function survey(
  name: string,
  texts: Texts,
  { seed, runs, apply = applyTo }: { readonly seed: number; readonly runs: number; readonly apply?: typeof applyTo },
): Survey {
  const plain = apply(name, allDisturbed(texts, []));
  let [applies, refuses] = [0, 0];
  fc.assert(
    fc.property(fc.array(disturbance, { minLength: 1, maxLength: 30, size: "max" }), (all) => {
      const before = allDisturbed(texts, all);
      const found = apply(name, before);
      expectUntouched(before, found.after, plain);
      if (found.proposal.kind === "not-recognised") {
        refuses++;
        expectPlace(found, before);
        return;
      }
      expect(found.proposal.kind).toBe(plain.proposal.kind);
      if (found.proposal.kind === "edits") applies++;
      expect(meaning(found.after)).toEqual(meaning(plain.after));
    }),
    { seed, numRuns: runs },
  );
  return { applies, refuses };
}
