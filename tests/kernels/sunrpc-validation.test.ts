/** Real kernels: 10,000 random histories of the RPC client's model against its compiled C. */
import { describe, expect, test } from "vitest";
import { exercise } from "../../kernel-models/sunrpc-reconnect/exercise.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { COMPILER, compared, comparisonOf, SUNRPC } from "../native/setup.ts";
import { debianKernel } from "./kernels.ts";

const HISTORIES = 10_000;

const six1 = await debianKernel("6.1");
const six12 = await debianKernel("6.12");

/** The kernel without its SMB client, of which nothing is in the model. */
function sunrpcOnly(source: KernelSource): KernelSource {
  return {
    ...source,
    list: async (prefix) => (/^fs\/(?:smb|cifs)\b/.test(prefix) ? [] : source.list(prefix)),
    read: (path) => source.read(path),
    close: async () => {},
  };
}

describe.skipIf(COMPILER === null).each([
  ["6.1", six1],
  ["6.12", six12],
] as const)("linux-source-%s (needs a C compiler)", (_version, { source, why }) => {
  test.skipIf(source === null)(
    why ?? `${HISTORIES} histories of the RPC client do the same compiled`,
    async () => {
      if (source === null) return;
      const { setup } = await comparisonOf(sunrpcOnly(source), [100, 250, 1000], SUNRPC);
      const part = await compared(setup, HISTORIES, exercise);
      expect(part).toMatchObject({ histories: HISTORIES, difference: null, unrecorded: {} });
      expect(part.decisions).toBeGreaterThan(40 * HISTORIES);
      // At locks, bit operations and calls.
      expect(Object.values(part.switches).reduce((a, b) => a + b, 0)).toBeGreaterThan(HISTORIES);
      // Where the model cannot follow C to the end, less is compared: seldom.
      expect(Object.values(part.cut).reduce((a, b) => a + b, 0)).toBeLessThan(HISTORIES / 10);
      expect(part.stopped).toBeLessThan(HISTORIES / 10);
    },
    300_000,
  );
});
