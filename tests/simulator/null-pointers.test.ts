/** Null pointers that a model follows are told by function and line of the C. */
import { describe, expect, test } from "vitest";
import { framesOf } from "../../tools/check/frames.ts";
import { compileModel, instantiateModel } from "../../tools/check/load-model.ts";
import { FrameThread } from "../../tools/simulator/frame.ts";
import { namingNullPointers } from "../../tools/simulator/null-pointers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { type Setup, translated } from "../translate/harness.ts";

const TEXT = `struct s { int n, m; unsigned long state; struct s *next; };
int store(struct s *s)
{
  s->m = 2;
  s->m = 4; s->next->n = 3;
  return s->n;
}
int load(struct s *s)
{
  return s->next->n;
}
int bits(struct s *s)
{
  return test_bit(1, &s->next->state);
}
int twice(struct s *s)
{
  s->next->n = 1;
  s->next->n = 2;
  return 0;
}
int waits(struct s *s)
{
  msleep(0);
  s->next->n = 5;
  return 0;
}
`;
const SETUP: Setup = { entries: ["store", "load", "bits", "twice", "waits"] };

type Members = Record<string, unknown>;

/** What is said of a function that gets an object with nothing behind it. */
async function said(name: string, isFramed = false): Promise<string> {
  const { text } = await translated(TEXT, SETUP);
  const javascript = compileModel(text);
  const framed = (module: string, exported: object): object =>
    module === "tasks" ? { ...exported, msleep: () => undefined } : exported;
  const module = isFramed ? instantiateModel(framesOf(javascript), framed) : instantiateModel(javascript);
  const kernel = new Simulation({ hz: 250 });
  const create = module["createModel"] as (...given: readonly unknown[]) => {
    readonly structs: Readonly<Record<string, new (kernel: Simulation) => Members>>;
    readonly functions: Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;
  };
  const { structs, functions } = create(kernel, { members: {} }, { workqueueOptions: {} });
  const object = new (structs["s"] as new (kernel: Simulation) => Members)(kernel);
  try {
    namingNullPointers(text, () => {
      const called = functions[name]?.(object);
      if (isFramed) new FrameThread(called as never).run();
    });
  } catch (error) {
    return `${(error as { readonly kind?: string }).kind}: ${(error as Error).message}`;
  }
  return "nothing";
}

describe("a null pointer", () => {
  test("is told with the function, what it does, and its line", async () => {
    expect(await said("store")).toBe("null-pointer: store (sample.c:5) stores n of NULL");
    expect(await said("load")).toBe("null-pointer: load (sample.c:10) reads n of NULL");
    expect(await said("bits")).toMatch(/^null-pointer: bits .*NULL$/);
  });

  test("with the lines that may be meant where there are several", async () => {
    expect(await said("twice")).toBe("null-pointer: twice (sample.c:18 or 19) stores n of NULL");
  });

  test("in a function that is a frame, too", async () => {
    expect(await said("waits", true)).toBe("null-pointer: waits (sample.c:25) stores n of NULL");
  });

  test("of nobody's text is told by its function, and other errors stay what they are", async () => {
    const other = new RangeError("no");
    expect(() =>
      namingNullPointers("", () => {
        throw other;
      }),
    ).toThrow(other);
  });
});
