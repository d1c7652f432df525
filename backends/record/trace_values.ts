import { show } from "../../src/contract/checks.ts";
import { asGrantError } from "../../src/contract/errors.ts";
import type { MappedMemory, PeerMemory, UnmapNotify } from "../../src/contract/backend.ts";
import type { TracedError } from "./trace.ts";

/** How many pages were granted: up to the first without a reference. */
export function grantedPages(grefs: Uint32Array, count: number): number {
  let granted = 0;
  while (granted < count && granted < grefs.length && grefs[granted] !== 0) granted++;
  return granted;
}

/** A limit, as JSON can say it. */
export function tracedLimit(limit: number): number | string {
  return Number.isFinite(limit) ? limit : String(limit);
}

/** More pieces than any mapping has pages. */
const MAX_PARTS = 65_536;

/** The size of memory, all its pieces together, as a trace has it: 0 where the backend gives none, or none that can be told. */
export function tracedBytes(memory: (MappedMemory & Pick<PeerMemory, "parts">) | undefined): number {
  try {
    const parts = memory?.parts;
    const pieces = [memory?.bytes, ...(Array.isArray(parts) && parts.length <= MAX_PARTS ? parts : [])];
    const sizes: unknown[] = pieces.map((piece) => piece?.length);
    return sizes.reduce<number>(
      (sum, size) => Number.isSafeInteger(size) && (size as number) > 0 ? sum + (size as number) : sum,
      0,
    );
  } catch {
    return 0;
  }
}

/** What an unmap notify has, as a trace has it. */
export function tracedNotify({ clearByte, eventPort }: UnmapNotify): UnmapNotify {
  return {
    ...(clearByte === undefined ? {} : { clearByte }),
    ...(eventPort === undefined ? {} : { eventPort }),
  };
}

/** What was thrown, as a trace has it. Whatever it is, this does not throw. */
export function tracedError(error: unknown, backend: string): TracedError {
  try {
    // The operation is left out: the line says what was called.
    const { code, errno } = asGrantError(error, "open", backend);
    const message: unknown = error instanceof Error ? error.message : error;
    return {
      code,
      ...(errno === undefined ? {} : { errno }),
      message: typeof message === "string" ? message : show(message),
    };
  } catch {
    return { code: "backend-failed", message: "what was thrown cannot be shown" };
  }
}
