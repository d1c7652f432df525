/** Creates and frees the records of files. */
import { NO_LEAF } from "./leaf";
import { giveLine, LINE, takeLine } from "./memory";
import { File } from "./records";

/** Creates a file. Returns null if out of memory. */
export function createFile(): File | null {
  const line = takeLine();
  if (!line) return null;
  memory.fill(line, 0, LINE);
  const file = changetype<File>(line);
  file.latest = NO_LEAF;
  file.tail = NO_LEAF;
  return file;
}

/** Frees the record of a file. */
export function destroyFile(file: File): void {
  giveLine(changetype<usize>(file));
}
