/** Tar archives of npm packages. The same files give the same bytes on every machine. */

import { createTar, parseTar } from "nanotar";

/** The bytes of files, by their paths in the archive. */
export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The date in packages of npm itself: some tools refuse files from before 1980. */
const MTIME = Date.UTC(1985, 9, 26, 8, 15);

/** Longer names need a second header, which nanotar does not write. */
const LONGEST_NAME = 100;

/** Reads an archive that contains nothing but files. */
export function readTar(archive: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, type, data } of parseTar(archive)) {
    if (type !== "file") throw new Error(`Cannot read the archive: ${name} is not a file but of type ${type}`);
    files.set(name, new Uint8Array(data ?? []));
  }
  return files;
}

/** Writes an archive with its files in the order of their names. */
export function writeTar(files: Files): Uint8Array<ArrayBuffer> {
  for (const path of files.keys()) {
    if (new TextEncoder().encode(path).length > LONGEST_NAME) {
      throw new Error(`Cannot pack ${path}: a name must have at most ${LONGEST_NAME} bytes`);
    }
  }
  const sorted = [...files].sort(([one], [other]) => one < other ? -1 : 1);
  const attrs = { mode: "644", uid: 0, gid: 0, mtime: MTIME };
  const archive = createTar(sorted.map(([name, data]) => ({ name, data })), { attrs });
  // Two empty blocks end an archive. nanotar fills up to 10 kB, which may leave room for fewer.
  const ended = new Uint8Array(archive.length + 1024);
  ended.set(archive);
  return ended;
}
