/** Scenarios of cifs-echo that several tests begin with. */
import type { Scenario } from "../../kernel-models/cifs-echo/echo-run.ts";

/** A mount as it usually is, of which nobody asks anything: four echoes after the second. */
export const IDLE: Scenario = {
  hz: 250,
  longBits: 64,
  timers: "levels",
  msleepAddsJiffy: true,
  echoIntervalSeconds: 60,
  rttTicks: 1,
  startOffsetTicks: 0,
  anchorEcho: 2,
  touches: [],
  deathTicks: null,
  endEchoesAfterAnchor: 4,
};

/** A request 2.656 s after the second echo: a watchdog that waits for two intervals gives up a healthy server. */
export const UNLUCKY: Scenario = { ...IDLE, touches: [664], endEchoesAfterAnchor: 3 };
