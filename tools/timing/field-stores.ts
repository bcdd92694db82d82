/**
 * What a field is ever set to: the interval of a job is often a field, and a report that cannot say "60 s by default"
 * leaves the reader to grep.
 */

import { fieldAssignments } from "../c/file-index.ts";
import type { Program } from "../c/program.ts";
import { ancestorOf, childOf, nodeAt } from "../c/syntax.ts";
import type { Duration, Place } from "./fact.ts";
import { Scopes } from "./scope.ts";

export interface FieldStore {
  /** Tag of the struct that has the field; null where the declarations do not tell. */
  readonly struct: string | null;
  readonly place: Place;
  readonly value: Duration;
}

const ASSIGNMENT = new Set(["assignment_expression"]);
/** A field that is set in more places is no setting. */
const MAX_STORES = 12;

/** All plain assignments to fields of a name in the scanned files; the value is read as a number of jiffies. */
export function fieldStores(program: Program, field: string): readonly FieldStore[] {
  const scopes = new Scopes(program);
  const stores: FieldStore[] = [];
  for (const file of program.files) {
    for (const site of fieldAssignments(file, field)) {
      const scope = site.function === null ? null : scopes.of(site.function);
      const name = scope === null ? null : nodeAt(scope.root, site.offset, site.offset + field.length);
      const store = name === null ? null : ancestorOf(name, ASSIGNMENT);
      const value = store === null ? undefined : childOf(store, "right");
      const target = store === null ? undefined : childOf(store, "left");
      if (scope === null || store === null || value === undefined || target === undefined) continue;
      const { struct } = scope.reference(target);
      stores.push({ struct, place: scope.place(store), value: scope.duration(value, "jiffies") });
      if (stores.length >= MAX_STORES) return stores;
    }
  }
  return stores;
}
