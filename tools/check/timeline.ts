/** A run as a table of times that a person can read. A system makes it, report/ lays it out; both know only this. */

export interface TimelineRow {
  /** As it is shown: seconds after what the timeline counts from. */
  readonly time: string;
  readonly event: string;
  readonly effect: string;
  /** Of many rows alike that follow each other only the first and last are shown. */
  readonly likeness: string;
}

export interface Timeline {
  /** The run's settings in one line. */
  readonly setting: string;
  /** What times count from: `Times in seconds after ...`. */
  readonly from: string;
  readonly rows: readonly TimelineRow[];
  /** Why it came to that, a sentence each. */
  readonly reasons: readonly string[];
}
