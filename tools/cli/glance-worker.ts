/** The second thread of a history: checks one model after another. See glance.ts. */
import { parentPort } from "node:worker_threads";
import { type FromGlanceWorker, glanceAt, type ToGlanceWorker } from "./glance.ts";

const port = parentPort;

port?.on("message", (message: ToGlanceWorker) => {
  port.postMessage({ key: message.key, glance: glanceAt(message) } satisfies FromGlanceWorker);
});
