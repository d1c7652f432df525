/** Files: they are made and freed here. */
import { NO_LEAF } from "./leaf";
import { giveLine, LINE, takeLine } from "./memory";
import { File } from "./records";

/** A new file, or null if there is no memory. */
export function createFile(): File | null {
  const line = takeLine();
  if (!line) return null;
  memory.fill(line, 0, LINE);
  const file = changetype<File>(line);
  file.latest = NO_LEAF;
  file.tail = NO_LEAF;
  return file;
}

/** Takes a file's record back. */
export function destroyFile(file: File): void {
  giveLine(changetype<usize>(file));
}
