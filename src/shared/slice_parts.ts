/** Returns bytes `start` to `start + length` of memory in parts. */
export function sliceParts(
  parts: readonly Uint8Array<ArrayBuffer>[],
  start: number,
  length: number,
): Uint8Array<ArrayBuffer>[] {
  const slices: Uint8Array<ArrayBuffer>[] = [];
  let before = 0;
  for (const part of parts) {
    const from = Math.max(0, start - before);
    const to = Math.min(part.length, start + length - before);
    if (from < to) slices.push(part.subarray(from, to));
    before += part.length;
  }
  return slices;
}
