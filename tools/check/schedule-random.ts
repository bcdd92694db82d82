/** Random walks: each way is as likely as any other, at every step. */
import { seededGenerator } from "../simulator/random.ts";
import type { ScheduleSearch, ScheduleSubject } from "./schedule.ts";
import { drawn, type WalkBounds, walks } from "./schedule-walk.ts";

/** @returns the same for the same seed */
export function randomWalks(fresh: () => ScheduleSubject, bounds: WalkBounds): ScheduleSearch {
  const generator = seededGenerator(bounds.seed);
  return walks("random walks", fresh, bounds, () => (actions) => drawn(generator, actions));
}
