import { ArgumentRangeError } from "../contract/argument_error.ts";
import { lengthOf } from "../contract/bytes.ts";
import type { VchanOperation } from "./errors.ts";

/** Throws if the memory of a caller's array was taken away while its call waited. */
export function checkKept(what: VchanOperation, name: string, array: Uint8Array, length: number): void {
  const now = lengthOf.call(array);
  if (now === length) return;
  throw new ArgumentRangeError(
    `Cannot ${what} as ${name} must keep its ${length} bytes until the call has ended: current value has ${now}`,
  );
}
