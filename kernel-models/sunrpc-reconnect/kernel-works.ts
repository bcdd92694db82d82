/**
 * Whether a work item may run on two CPUs at once, from the kernel's own work queues: what a worker that was queued
 * again while it runs can do depends on it.
 */

/** Where __queue_work() stands. */
export const WORKS_FILE = "kernel/workqueue.c";

export interface KernelWorks {
  /** A work that is queued while it runs waits for its end, on whichever CPU that is. */
  readonly runOnce: boolean;
  /** What was read, or taken for granted. */
  readonly told: string;
}

/** The body of __queue_work(); null where the text has none. */
function queueWork(text: string): string | null {
  return /^static \w+ __queue_work\([^;{]*\)\s*\{([\s\S]*?)^\}/m.exec(text)?.[1] ?? null;
}

/**
 * Reads a tree's work queues. Since 3.7 __queue_work() looks for a worker that executes the work, and queues it behind;
 * from 2.6.36 to 3.6 it did so for queues with WQ_NON_REENTRANT only, and before there were no such queues.
 *
 * @param text of kernel/workqueue.c, null where the tree does not have it
 */
export function kernelWorks(text: string | null): KernelWorks {
  const body = text === null ? null : queueWork(text);
  if (body === null) {
    const lack = text === null ? "is not in the tree" : "has no __queue_work()";
    return { runOnce: false, told: `${WORKS_FILE} ${lack}: a work item may run on two CPUs at once, as up to 3.6.` };
  }
  const runOnce = /\bfind_worker_executing_work\s*\(/.test(body) && !/\bWQ_NON_REENTRANT\b/.test(body);
  return {
    runOnce,
    told: `${WORKS_FILE}: whether a work item may run on two CPUs at once (${runOnce ? "no" : "yes"}).`,
  };
}
