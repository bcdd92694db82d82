/** Edits in memory: what they change, and that one which fits nowhere is no edit. */
import { expect, test } from "vitest";
import { memorySource } from "../timing/memory-source.ts";
import { type Edit, EditError, editedKernel } from "./edited.ts";

const SOURCE = memorySource({ "a.c": "one two two\n", "b.c": "two\n" });
const edited = (replace: Edit["replace"], file = "a.c") => editedKernel(SOURCE, [{ file, replace }]);

test("every place of the named file, in order; the other files and the source below stay", async () => {
  const kernel = await edited([
    ["two", "$&"],
    ["one $&", "1 \xe9"],
  ]);
  expect((await kernel.read("a.c"))?.toString("latin1")).toBe("1 \xe9 $&\n");
  expect((await kernel.read("b.c"))?.toString()).toBe("two\n");
  expect((await SOURCE.read("a.c"))?.toString()).toBe("one two two\n");
  expect([await kernel.list(""), await kernel.read("c.c"), kernel.version]).toEqual([["a.c", "b.c"], null, "6.1.0"]);
});

test.each([
  ["a text that is not there", [["three", "3"]], "a.c"],
  [
    "a text that an edit before it took away",
    [
      ["two", "2"],
      ["two", "3"],
    ],
    "a.c",
  ],
  ["the same again", [["two", "two"]], "a.c"],
  ["nothing", [["", "3"]], "a.c"],
  ["a file that is not there", [["two", "2"]], "c.c"],
] as const)("%s is refused", async (_, replace, file) => {
  await expect(edited(replace, file)).rejects.toThrow(EditError);
});
