/** The second thread of a validation; see validate-jobs.ts. */
import { parentPort } from "node:worker_threads";
import { systemNamed } from "./systems.ts";
import { type FromValidateWorker, type ToValidateWorker, takeHistories } from "./validate-jobs.ts";

const port = parentPort;

port?.once("message", async (message: ToValidateWorker) => {
  const { exercise } = systemNamed(message.setup.system);
  try {
    if (exercise === undefined) throw new Error(`${message.setup.system} has no exercise`);
    const part = await takeHistories(message, exercise, () => undefined);
    port.postMessage({ part } satisfies FromValidateWorker);
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    port.postMessage({ failed } satisfies FromValidateWorker);
  }
});
