/**
 * Where another thread may come between two steps of this one. On the machine of simulation.ts nobody does: it has one
 * CPU without preemption, so these calls do nothing there. Explorations of schedules put functions of their own here.
 */
import type { Simulation } from "./simulation.ts";
import type { Coroutine } from "./tasks.ts";

/** A place where the scheduler may let others run: before a lock, a bit operation, a wake-up, a shared member. */
export function* preempt(_kernel: Simulation): Coroutine {}

/** A spinlock is taken: until it is released, nobody else runs on this CPU. */
export function* enter_critical(_kernel: Simulation): Coroutine {}

/** A spinlock is released. */
export function* leave_critical(_kernel: Simulation): Coroutine {}
