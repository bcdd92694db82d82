/**
 * One simulated history of cifs-echo as plain data, and what came of it: a witness holds the one and names the other,
 * and threads hand both to each other. And what these histories are explored with.
 */
import type { Sweep, TickRecords } from "../../tools/check/phase-sweep.ts";
import type { RunFault, Runner, RunOutcome } from "../../tools/check/run.ts";
import type { Strategies } from "../../tools/check/strategies.ts";
import type { Schedule } from "../../tools/check/verdict.ts";
import type { TimerKind } from "../../tools/simulator/timers.ts";

/** A time during which the server answers nothing; what it then owes arrives at `toTicks` at the earliest. */
export interface Pause {
  /** Ticks after the anchor. */
  readonly fromTicks: number;
  readonly toTicks: number;
}

export interface Scenario {
  readonly hz: number;
  readonly longBits: 32 | 64;
  readonly timers: TimerKind;
  readonly msleepAddsJiffy: boolean;
  /** The mount option; kernels that have no such option ignore it. */
  readonly echoIntervalSeconds: number;
  /** The server's answer comes that many ticks after the request. */
  readonly rttTicks: number;
  /** The mount happens that many ticks after boot plus a fixed time: its place on the timer wheel. */
  readonly startOffsetTicks: number;
  /** Phases count from the sending of this echo, 1 being the first after the mount. From 2 on the period is settled. */
  readonly anchorEcho: number;
  /** Requests of a user, in ticks after the anchor; in a phase run they carry a slope. */
  readonly touches: readonly number[];
  /** From then on, in ticks after the anchor, the server answers nothing; null: it stays alive. */
  readonly deathTicks: number | null;
  /**
   * The dead server is there again from then on, in ticks after the anchor: the client can connect to it. The run goes
   * on after the server was declared dead. Absent: it stays dead, and the run ends with the declaration.
   */
  readonly revivalTicks?: number;
  readonly pauses?: readonly Pause[];
  /** Which attempt to send an echo fails, 1 being the first; the client finds out at once. None when absent. */
  readonly failedEcho?: number;
  /** Sending an echo takes so many ticks, as it does when the socket's buffer is full; none when absent. */
  readonly sendBlocksTicks?: number;
  /** The run ends when so many echo works ran after the anchor, or when the server is declared dead. */
  readonly endEchoesAfterAnchor: number;
  /** The run ends that many ticks after the anchor, where that comes before the last echo work. */
  readonly endTicksAfterAnchor?: number;
  /** The run ends that many ticks after the mount in any case: for code that does not re-arm its work. */
  readonly maxTicksAfterMount?: number;
}

export interface DeclaredDead {
  readonly tick: number;
  /** When the last response arrived that the kernel took note of. */
  readonly lastResponseTick: number;
  /** The C function that decided, or its file and line. */
  readonly by: string;
}

/** What came of a scenario. Ticks are those of the simulator's clock; in a phase run they carry slopes. */
export interface RunRecord extends RunOutcome {
  /** When the anchor echo was sent; meaningless where `echoes` has fewer than anchorEcho entries. */
  readonly anchorTick: number;
  /** When the echo work ran, whether or not it sent an echo. */
  readonly works: readonly number[];
  /** Works that ended without the work being armed again. */
  readonly unarmed: readonly number[];
  /** When an echo could not be sent. */
  readonly failedEchoes: readonly number[];
  /** When echo requests were sent. */
  readonly echoes: readonly number[];
  /** When responses arrived. */
  readonly responses: readonly number[];
  readonly declaredDead: DeclaredDead | null;
  readonly requestsUnanswered: number;
  readonly fault: RunFault | null;
  readonly events: number;
}

/** A history that leads to a violation; how late workers may be is always said. */
export interface EchoSchedule extends Schedule<Scenario> {
  readonly maxLatenessTicks: number;
}

/** Runs a scenario on a model of the echo. */
export type RunScenario = Runner<Scenario, RunRecord>;

/** Whether the run came to the echo that phases count from. */
export function reachedAnchor(scenario: Scenario, record: RunRecord): boolean {
  return record.echoes.length >= scenario.anchorEcho;
}

/**
 * A record with each tick mapped: for phase runs, in which ticks carry slopes.
 *
 * `events` and the fault stay as they are.
 */
export function mapTicks(record: RunRecord, map: (tick: number) => number): RunRecord {
  const { declaredDead } = record;
  return {
    ...record,
    anchorTick: map(record.anchorTick),
    works: record.works.map(map),
    unarmed: record.unarmed.map(map),
    failedEchoes: record.failedEchoes.map(map),
    echoes: record.echoes.map(map),
    responses: record.responses.map(map),
    declaredDead:
      declaredDead === null
        ? null
        : { ...declaredDead, tick: map(declaredDead.tick), lastResponseTick: map(declaredDead.lastResponseTick) },
  };
}

/** Whether two runs came to the same: every tick, every count. */
export function sameRecord(a: RunRecord, b: RunRecord): boolean {
  const dead = (one: DeclaredDead | null): string =>
    one === null ? "" : `${one.tick} ${one.lastResponseTick} ${one.by}`;
  const fault = (one: RunFault | null): string => (one === null ? "" : `${one.kind} ${one.message}`);
  return (
    a.events === b.events &&
    a.requestsUnanswered === b.requestsUnanswered &&
    a.anchorTick === b.anchorTick &&
    sameNumbers(a.works, b.works) &&
    sameNumbers(a.unarmed, b.unarmed) &&
    sameNumbers(a.failedEchoes, b.failedEchoes) &&
    sameNumbers(a.echoes, b.echoes) &&
    sameNumbers(a.responses, b.responses) &&
    dead(a.declaredDead) === dead(b.declaredDead) &&
    fault(a.fault) === fault(b.fault)
  );
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** What echo histories are explored with. */
export interface Explorer {
  /** One run; it is replayed once, and any difference is a fault. */
  readonly once: RunScenario;
  /** Every phase from `from` to `to`, both included. */
  readonly sweep: (from: number, to: number, scenarioAt: (phase: number) => Scenario) => Sweep<RunRecord>;
}

/** Records of the echo in runs over phases. */
export const ECHO_RECORDS: TickRecords<RunRecord> = { map: mapTicks, same: sameRecord };

/** A scenario in a few words. */
export function settingsText({ hz, echoIntervalSeconds, touches }: Scenario): string {
  return `HZ=${hz}, ${echoIntervalSeconds} s, touches at ${touches.join(", ")}`;
}

/** Single runs, each replayed once, and sweeps over phases by rectangles. */
export function echoExplorer(run: RunScenario, { replayed, sweep }: Strategies): Explorer {
  return {
    once: replayed(run, sameRecord, settingsText),
    sweep: (from, to, scenarioAt) => sweep(from, to, (phase) => run(scenarioAt(phase)), ECHO_RECORDS),
  };
}
