import { isError, show } from "../../src/contract/checks.ts";
import { asGrantError } from "../../src/contract/errors.ts";
import type { MappedMemory, PeerMemory, UnmapNotify } from "../../src/contract/backend.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import { MAX_MAPPED_PAGES } from "../../src/contract/limits.ts";
import type { TracedError } from "./trace_calls.ts";

/** A limit, in a form that JSON can represent. */
export function tracedLimit(limit: number): number | string {
  return Number.isFinite(limit) ? limit : String(limit);
}

/**
 * The size of memory in bytes, all its parts together. It is 0 if the backend returned no memory, or if its size cannot
 * be read.
 */
export function tracedBytes(memory: (MappedMemory & Pick<PeerMemory, "parts">) | undefined): number {
  try {
    const parts = memory?.parts;
    const all = [memory?.bytes, ...(Array.isArray(parts) && parts.length <= MAX_MAPPED_PAGES ? parts : [])];
    const sizes: unknown[] = all.map((part) => part?.length);
    return sizes.reduce<number>(
      (sum, size) => Number.isSafeInteger(size) && (size as number) > 0 ? sum + (size as number) : sum,
      0,
    );
  } catch {
    return 0;
  }
}

/** The entries of an unmap notify that are set. */
export function tracedNotify({ clearByte, eventPort }: UnmapNotify): UnmapNotify {
  return {
    ...(clearByte === undefined ? {} : { clearByte }),
    ...(eventPort === undefined ? {} : { eventPort }),
  };
}

/** Whatever was thrown, as it is written in a trace. Never throws. */
export function tracedError(error: unknown, backend: string): TracedError {
  try {
    // The operation does not matter here: the line says which call it was.
    const { code, errno } = error instanceof StoreError
      ? { code: error.code, errno: undefined }
      : asGrantError(error, "open", backend);
    const message: unknown = isError(error) ? error.message : error;
    return {
      code,
      ...(errno === undefined ? {} : { errno }),
      message: typeof message === "string" ? message : show(message),
    };
  } catch {
    return { code: "backend-failed", message: "what was thrown cannot be shown" };
  }
}
