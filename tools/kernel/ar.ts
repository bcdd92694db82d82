/**
 * The outer layer of a .deb: an `ar` archive (deb(5), ar(5)) with debian-binary, control.tar.*, data.tar.*.
 */
import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "./input-error.ts";

/** First bytes of an ar archive. */
export const AR_MAGIC = "!<arch>\n";

const HEADER_BYTES = 60;

/** deb(5) has three members, a few more are allowed; an archive of thousands is no package. */
const MAX_MEMBERS = 64;

/** Where a member's contents are in the file. */
export interface ArMember {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Finds `data.tar` (with any ending) in a .deb without reading what is before it.
 *
 * @param subject what errors name
 * @param path of the .deb
 * @throws InputError when the archive is damaged, cut short, or has no such member
 */
export async function findDebianData(subject: string, path: string): Promise<ArMember> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    let offset = AR_MAGIC.length;
    for (let count = 0; count < MAX_MEMBERS && offset < size; count++) {
      const member = await readHeader(subject, file, offset);
      if (member.offset + member.sizeBytes > size) {
        throw new InputError(subject, `the .deb is cut short in ${member.name}`);
      }
      if (/^data\.tar(\.|$)/.test(member.name)) {
        return member;
      }
      // Members begin at even offsets (ar(5)).
      offset = member.offset + member.sizeBytes + (member.sizeBytes % 2);
    }
  } finally {
    await file.close();
  }
  throw new InputError(subject, "no Debian package: there is no data.tar in it");
}

async function readHeader(subject: string, file: FileHandle, offset: number): Promise<ArMember> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, offset);
  const header = buffer.toString("latin1");
  const size = header.slice(48, 58).trim();
  if (bytesRead < HEADER_BYTES) {
    throw new InputError(subject, "the .deb is cut short");
  }
  if (header.slice(58) !== "`\n" || !/^\d{1,10}$/.test(size)) {
    throw new InputError(subject, "the .deb is damaged (no ar header where one must be)");
  }
  const name = header.slice(0, 16).trimEnd().replace(/\/$/, "");
  return { name, offset: offset + HEADER_BYTES, sizeBytes: Number(size) };
}
