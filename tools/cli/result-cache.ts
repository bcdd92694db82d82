/**
 * Results that depend on nothing but what their key is made of, kept as files: small JSON documents, each written under
 * another name first. A file that is damaged is as if it were not there.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFiles } from "./out.ts";

declare const GROUNDHOG_BUILD: string;

export interface ResultCache<T> {
  get(key: string): T | null;
  /** A folder that cannot be written is no reason to fail: the result is worked out again the next time. */
  put(key: string, value: T): void;
}

/** What another build has found is not looked at. */
export function buildName(): string {
  return typeof GROUNDHOG_BUILD === "string" ? GROUNDHOG_BUILD : "sources";
}

/**
 * @param folder the tool's own cache folder; null keeps nothing
 * @param kind what the results are, and for which system: a folder's name
 * @param isWhole whether what was read has the shape of a result
 */
export function resultCache<T>(
  folder: string | null,
  kind: string,
  isWhole: (value: unknown) => value is T,
): ResultCache<T> {
  if (folder === null) return { get: () => null, put: () => undefined };
  const place = join(folder, "results", kind);
  const nameOf = (key: string): string =>
    `${createHash("sha256").update(`${buildName()}\n${key}`).digest("hex").slice(0, 32)}.json`;
  return {
    get(key) {
      try {
        const document: unknown = JSON.parse(readFileSync(join(place, nameOf(key)), "utf8"));
        const isOurs = typeof document === "object" && document !== null && "key" in document && document.key === key;
        return isOurs && "value" in document && isWhole(document.value) ? document.value : null;
      } catch {
        // Not there, or damaged.
        return null;
      }
    },
    put(key, value) {
      try {
        writeFiles(place, new Map([[nameOf(key), JSON.stringify({ key, value })]]));
      } catch {
        // A full or read-only disk.
      }
    },
  };
}
