import type { CopySegment, GrantPlace, MapBackend, MapFile } from "../../src/contract/backend.ts";
import type { Tape } from "./trace_writer.ts";
import type { TracedSegment } from "./trace.ts";
import { tracedNotify } from "./trace_values.ts";

const side = "maps";

/** One side of a segment, as a trace has it: which page, but nothing of memory. */
function traced(name: "from" | "to", place: GrantPlace | Uint8Array): Partial<TracedSegment> {
  if (place instanceof Uint8Array) return {};
  const { domid, gref, offset } = place;
  return { [name]: { domid, gref, offset } };
}

function tracedSegments(segments: readonly CopySegment[]): TracedSegment[] {
  return segments.map(({ from, to, length }) => ({ ...traced("from", from), ...traced("to", to), length }));
}

/** A peer's backend, recorded. */
export function recordedMaps(tape: Tape, backend: MapBackend): MapBackend {
  return {
    name: backend.name,
    open: () => tape.open(backend, side, (file, number) => recordedFile(tape, backend, file, number)),
  };
}

function recordedFile(tape: Tape, backend: MapBackend, file: MapFile, number: number): MapFile {
  return {
    map: (domid, grefs, writable) => {
      const call = { file: number, domid, grefs: [...grefs], writable };
      const { memory, number: mapping, unmap } = tape.map(
        backend,
        side,
        call,
        () => file.map(domid, grefs, writable),
      );
      // A backend that gives nothing is the library's to refuse.
      if (!memory) return memory;
      return {
        get bytes() {
          return memory.bytes;
        },
        get parts() {
          // Absent and undefined are the same to the library.
          return memory.parts!;
        },
        unmap,
        setUnmapNotify: (notify) => {
          const call = { side, call: "notify", mapping, ...tracedNotify(notify) };
          tape.record(backend, call, () => memory.setUnmapNotify(notify));
        },
      };
    },
    copy: (segments) => {
      const call = { side, call: "copy", file: number, segments: tracedSegments(segments) };
      return tape.record(backend, call, () => file.copy(segments), (statuses) => ({ statuses: statuses ?? null }));
    },
    close: () => tape.close(backend, side, file, number),
  };
}
