/** Options of the command line with which one system's table is narrowed: declared by the system, read by tools/cli. */

export interface NarrowingOption<Value = unknown> {
  /** As on the command line, without dashes: `echo-interval`. */
  readonly name: string;
  /** What help puts behind the name: `<N,...>`. */
  readonly values: string;
  readonly help: string;
  /** One value is meant, and no list: which of several would be taken is nothing to guess. */
  readonly isSingle?: true;
  /** Under which name a request has the list of values; null there where the option is absent. */
  readonly key: string;
  /** One value of the list; null where the word is none. */
  readonly read: (word: string) => Value | null;
  /** What a word must be, for the one who wrote another: `an integer from 1 to 600, in seconds`. */
  readonly what: string;
}
