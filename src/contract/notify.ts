import { checkInteger, checkPort } from "./checks.ts";
import { PAGE_SIZE } from "./limits.ts";
import type { UnmapNotify } from "./memory.ts";
import { checkPlainObject, readOptions } from "./options.ts";

/**
 * Throws unless a value is an unmap notify. Returns a copy, which the caller can no longer change, and which inherits
 * nothing.
 *
 * @param size The number of bytes in the page or mapping.
 */
export function checkNotify(notify: UnmapNotify, size: number = PAGE_SIZE): UnmapNotify {
  const what = "set the unmap notify";
  checkPlainObject(what, notify, "`notify`");
  const copy = readOptions(what, notify, ["clearByte", "eventPort"], "`notify`");
  const { clearByte, eventPort } = copy;
  if (clearByte !== undefined) checkInteger(what, "`clearByte`", clearByte, 0, size - 1);
  if (eventPort !== undefined) checkPort(what, "`eventPort`", eventPort);
  return copy;
}
