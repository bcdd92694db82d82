/**
 * The thread that checks functions while the main thread looks at facts. See parallel-check.ts.
 */
import { parentPort } from "node:worker_threads";
import type { FromWorker, ToWorker } from "./parallel-check.ts";
import { checkJob } from "./parse-check.ts";

const port = parentPort;
let claims: Int32Array | null = null;

port?.on("message", (message: ToWorker) => {
  if (message.kind === "start") {
    claims = new Int32Array(message.claims);
    return;
  }
  if (message.kind === "close") {
    port.close();
    return;
  }
  if (message.kind === "finish") {
    port.postMessage({ kind: "finished" } satisfies FromWorker);
    return;
  }
  // Whoever changes the claim from 0 does the job.
  if (claims === null || Atomics.compareExchange(claims, message.number, 0, 1) !== 0) return;
  const failures = checkJob(message.job);
  port.postMessage({ kind: "checked", number: message.number, failures } satisfies FromWorker);
});
