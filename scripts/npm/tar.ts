/** Tar archives of plain files, as npm packages are: what makes one is the names and bytes, and nothing of the machine. */

const BLOCK = 512;

/** A file's bytes by its path in the archive. */
export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Reads an archive of plain files with names of up to 100 bytes. */
export function readTar(archive: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const decoder = new TextDecoder();
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const field = (start: number, length: number) =>
      decoder.decode(archive.subarray(at + start, at + start + length)).replace(/[\0 ].*$/s, "");
    const path = field(0, 100);
    const size = parseInt(field(124, 12), 8);
    const kind = field(156, 1);
    if ((kind !== "0" && kind !== "") || field(345, 155) !== "" || !(size >= 0)) {
      throw new Error(`Cannot read the archive as ${path} must be a plain file with a short name`);
    }
    at += BLOCK;
    files.set(path, archive.slice(at, at + size));
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** Writes an archive in the order of the names: the same files give the same bytes. */
export function writeTar(files: Files): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const [path, bytes] of [...files].sort(([one], [other]) => one < other ? -1 : 1)) {
    parts.push(header(path, bytes.length), bytes, new Uint8Array(-bytes.length & (BLOCK - 1)));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  const archive = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

function header(path: string, size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const encoder = new TextEncoder();
  const put = (start: number, text: string) => block.set(encoder.encode(text), start);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  if (encoder.encode(path).length > 100) throw new Error(`Cannot pack ${path} as a name must have at most 100 bytes`);
  put(0, path);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7)); // the owner
  put(116, octal(0, 7)); // and its group
  put(124, octal(size, 11));
  // npm's own packages carry this day: there are tools that refuse files from before 1980.
  put(136, octal(Date.UTC(1985, 9, 26, 8, 15) / 1000, 11));
  put(148, " ".repeat(8)); // the checksum counts as blanks in itself
  put(156, "0");
  put(257, "ustar\0");
  put(263, "00");
  put(148, `${octal(block.reduce((sum, byte) => sum + byte, 0), 6)} `);
  return block;
}
