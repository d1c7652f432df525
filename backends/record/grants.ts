import type { GrantBackend, GrantFile } from "../../src/contract/backend.ts";
import type { Tape } from "./trace_writer.ts";
import { grantedPages, tracedLimit, tracedNotify } from "./trace_values.ts";

const side = "grants";

/** The first references of a buffer. By index, as the backend may have moved it away. */
function firstGrefs(grefs: Uint32Array, count: number): number[] {
  return Array.from({ length: Math.min(count, grefs.length) }, (_, index) => grefs[index]!);
}

/** A granter's backend, recorded. */
export function recordedGrants(tape: Tape, backend: GrantBackend): GrantBackend {
  return {
    name: backend.name,
    limitName: backend.limitName,
    limit: () => {
      const call = { side, call: "limit" };
      return tape.record(backend, call, () => backend.limit(), (limit) => ({ limit: tracedLimit(limit) }));
    },
    open: () => tape.open(backend, side, (file, number) => recordedFile(tape, backend, file, number)),
  };
}

function recordedFile(tape: Tape, backend: GrantBackend, file: GrantFile, number: number): GrantFile {
  return {
    grant: (page, count, domid, writable, grefs) => {
      const call = {
        side,
        call: "grant",
        file: number,
        page,
        count,
        domid,
        writable,
        // Read when the line is written: what was granted before a failure is there too.
        get grefs() {
          return firstGrefs(grefs, grantedPages(grefs, count));
        },
      };
      tape.record(backend, call, () => file.grant(page, count, domid, writable, grefs));
    },
    endAccess: (page, count, grefs) => {
      const call = { side, call: "endAccess", file: number, page, count, grefs: firstGrefs(grefs, count) };
      return tape.record(backend, call, () => file.endAccess(page, count, grefs), (held) => ({ held: held ?? null }));
    },
    map: (page, count, gref, writable) => {
      const call = { file: number, page, count, gref, writable };
      const { memory, unmap } = tape.map(backend, side, call, () => file.map(page, count, gref, writable));
      // A backend that gives nothing is the library's to refuse.
      if (!memory) return memory;
      return {
        get bytes() {
          return memory.bytes;
        },
        unmap,
      };
    },
    setUnmapNotify: (page, gref, notify) => {
      const call = { side, call: "notify", file: number, page, gref, ...tracedNotify(notify) };
      tape.record(backend, call, () => file.setUnmapNotify(page, gref, notify));
    },
    close: () => tape.close(backend, side, file, number),
    // Not a call that is asked for: what comes of it, is recorded.
    ...(typeof file.onRelease === "function" ? { onRelease: (tell) => file.onRelease!(tell) } : {}),
  };
}
