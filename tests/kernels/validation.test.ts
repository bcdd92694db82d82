/** Real kernels: 10,000 random histories of each model against its compiled C. */
import { describe, expect, test } from "vitest";
import { COMPILER, compared, comparisonOf } from "../native/setup.ts";
import { smbClientOnly } from "./checked.ts";
import { editedKernel } from "./edited.ts";
import { debianKernel } from "./kernels.ts";

const HISTORIES = 10_000;
const FILE = "fs/smb/client/connect.c";

const six1 = await debianKernel("6.1");
const six12 = await debianKernel("6.12");

describe.skipIf(COMPILER === null).each([
  ["6.1", six1],
  ["6.12", six12],
] as const)("linux-source-%s (needs a C compiler)", (_version, { source, why }) => {
  test.skipIf(source === null)(
    why ?? `${HISTORIES} histories do the same compiled`,
    async () => {
      if (source === null) return;
      const { setup } = await comparisonOf(smbClientOnly(source), [100, 250, 1000]);
      const part = await compared(setup, HISTORIES);
      expect(part).toMatchObject({ histories: HISTORIES, difference: null, unrecorded: {} });
      expect(part.decisions).toBeGreaterThan(30 * HISTORIES);
      // Where the model cannot follow C to the end, less is compared: seldom.
      const cut = Object.values(part.cut).reduce((a, b) => a + b, 0);
      expect(cut).toBeLessThan(HISTORIES / 10);
    },
    300_000,
  );

  test.skipIf(source === null)(
    why ?? "a changed watchdog in the C is told from the model",
    async () => {
      if (source === null) return;
      const kernel = smbClientOnly(source);
      const edit = { file: FILE, replace: [["3 * server->echo_interval", "2 * server->echo_interval"]] } as const;
      const changed = await comparisonOf(await editedKernel(kernel, [edit]));
      const { setup } = await comparisonOf(kernel);
      const part = await compared({ ...setup, harnesses: changed.setup.harnesses }, HISTORIES);
      expect(part.difference).not.toBeNull();
    },
    300_000,
  );
});
