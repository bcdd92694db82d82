/**
 * The document's scenarios: a loop of stat() on a hard mount over TCP with timeo=600 and retrans=2, a way to the server
 * that swallows everything for a while, and a server that is restarted meanwhile.
 */
import type { Scheduling } from "../../tools/simulator/machine.ts";
import type { TimerKind } from "../../tools/simulator/timers.ts";

/** Policies as chrt(1) says them: `OTHER`, `RR 50`, `FIFO 50`. */
export type PolicyText = string;

export interface Scenario {
  readonly hz: number;
  readonly longBits: 32 | 64;
  readonly timers: TimerKind;
  readonly user: PolicyText;
  readonly rpciod: PolicyText;
  readonly cpus: number;
  /** `fair`: nobody is preempted without need, CPUs take turns. `any`: every schedule within the bounds. */
  readonly scheduler: "fair" | "any";
  /** Seconds between two calls. */
  readonly pauseSeconds: number;
  /** Seconds after the call was made under the blackhole: the server restarts, and the way is open again. */
  readonly restartSeconds: number;
  readonly healSeconds: number;
  /**
   * How the way swallows everything: a route of type blackhole, of which connect() and what is sent learn at once (the
   * document's), or a rule that drops what goes out, of which nobody learns. The former when absent.
   */
  readonly way?: "blackhole" | "drop";
  /** The server's connections end by FIN (and RST to what comes then), or by RST at once. */
  readonly serverEnd: "fin" | "rst";
  /** The call must end so many seconds after the way is open again. */
  readonly boundSeconds: number;
}

/**
 * Reads `RR 50`.
 *
 * @returns null for what is no policy
 */
export function schedulingOf(text: PolicyText): Scheduling | null {
  if (text === "OTHER") return { policy: "OTHER", priority: 0 };
  const match = /^(RR|FIFO) ([1-9]\d?)$/.exec(text);
  if (match === null) return null;
  return { policy: match[1] as "RR" | "FIFO", priority: Number(match[2]) };
}
