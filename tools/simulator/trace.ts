/** What happened, as typed events. The simulator builds an event only when somebody listens. */
import type { Int64 } from "./integers.ts";

/** Names are those given at creation: of timers, work items, queues, threads and sockets. */
export type TraceEvent =
  | { readonly tick: number; readonly kind: "timer-start"; readonly timer: string; readonly firesAtTick: number }
  | { readonly tick: number; readonly kind: "timer-expire"; readonly timer: string }
  | { readonly tick: number; readonly kind: "timer-cancel"; readonly timer: string }
  | { readonly tick: number; readonly kind: "work-queue"; readonly queue: string; readonly work: string }
  | { readonly tick: number; readonly kind: "work-start"; readonly queue: string; readonly work: string }
  | { readonly tick: number; readonly kind: "work-end"; readonly queue: string; readonly work: string }
  | { readonly tick: number; readonly kind: "work-cancel"; readonly work: string }
  | { readonly tick: number; readonly kind: "task-wake"; readonly task: string; readonly lateTicks: number }
  | { readonly tick: number; readonly kind: "task-sleep"; readonly task: string; readonly state: number }
  | { readonly tick: number; readonly kind: "task-end"; readonly task: string }
  | { readonly tick: number; readonly kind: "socket-arrive"; readonly socket: string; readonly bytes: number }
  | { readonly tick: number; readonly kind: "socket-receive"; readonly socket: string; readonly result: number }
  | { readonly tick: number; readonly kind: "socket-send"; readonly socket: string; readonly result: number }
  | { readonly tick: number; readonly kind: "socket-close"; readonly socket: string; readonly error: number }
  | { readonly tick: number; readonly kind: "note"; readonly name: string; readonly values: readonly NoteValue[] };

/** What a model may say about itself. */
export type NoteValue = Int64 | string | boolean | null;

/** Takes events as they happen. */
export type TraceListener = (event: TraceEvent) => void;

/** A listener that keeps everything, up to a bound; `dropped` says how many events came after it. */
export class TraceRecorder {
  readonly events: TraceEvent[] = [];
  dropped = 0;

  constructor(private readonly maxEvents = 1_000_000) {}

  readonly listen: TraceListener = (event) => {
    if (this.events.length < this.maxEvents) this.events.push(event);
    else this.dropped++;
  };
}

/** One JSON object a line, in the order in which things happened: the same run gives the same bytes. */
export function traceText(events: readonly TraceEvent[]): string {
  return events
    .map((event) => `${JSON.stringify(event, (_, value) => (typeof value === "bigint" ? `${value}` : value))}\n`)
    .join("");
}
