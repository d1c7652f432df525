import type { CopySegment, GrantPlace, MappedMemory } from "../../src/contract/backend.ts";
import { grantedCount } from "../../src/contract/answers.ts";
import type { Call } from "../intercept/calls.ts";
import type { TracedSegment } from "./trace_calls.ts";
import { tracedBytes, tracedLimit, tracedNotify } from "./trace_values.ts";
import { tracedMessage } from "./traced_message.ts";

/** The names of methods in a trace, where they differ from their own. */
const NAMES: Partial<Record<Call["method"], string>> = {
  setUnmapNotify: "notify",
  whenPending: "wait",
  whenReadable: "wait",
};

/** What a trace calls the method of a call. */
export function tracedName({ method }: Call): string {
  return NAMES[method] ?? method;
}

/** The arguments of a call, as they are written in a trace. */
export function tracedArguments(call: Call): object {
  switch (call.name) {
    case "GrantBackend.open":
    case "MapBackend.open":
    case "EventBackend.open":
    case "StoreBackend.open":
      return { backend: call.backend.name };
    case "GrantFile.grant": {
      const { page, count, domid, writable } = call.args;
      return { page, count, domid, writable };
    }
    case "GrantFile.endAccess": {
      const { page, count, grefs } = call.args;
      return { page, count, grefs: firstGrefs(grefs, count) };
    }
    case "GrantFile.setUnmapNotify": {
      const { page, gref, notify } = call.args;
      return { page, gref, ...tracedNotify(notify) };
    }
    case "PeerMemory.setUnmapNotify":
      return tracedNotify(call.args.notify);
    case "MapFile.copy":
      return { segments: call.args.segments.map(tracedSegment) };
    case "StoreConnection.send":
      return { message: tracedMessage(call.args.message) };
    case "EventFile.whenPending":
    case "StoreConnection.whenReadable":
    case "StoreConnection.receive":
      // What the wait leads to is in the next line of `pending` or `receive`.
      return {};
    default:
      return call.args;
  }
}

/** What is known of a call even if it failed: the pages that were granted before. */
export function tracedOutcome(call: Call): object {
  if (call.name !== "GrantFile.grant") return {};
  const { grefs, count } = call.args;
  return { grefs: firstGrefs(grefs, grantedCount(grefs, count)) };
}

/**
 * The answer of a call that succeeded, as it is written in a trace. The numbers of files and mappings are not part of
 * it.
 */
export function tracedAnswer(call: Call, answer: unknown): object {
  switch (call.name) {
    case "GrantBackend.limit":
      return { limit: tracedLimit(answer as number) };
    case "GrantFile.endAccess":
      return { held: answer ?? null };
    case "GrantFile.map":
    case "MapFile.map":
      return { bytes: tracedBytes(answer as MappedMemory | undefined) };
    case "MapFile.copy":
      return { statuses: answer ?? null };
    case "EventFile.bindUnbound":
    case "EventFile.bindInterdomain":
    case "EventFile.bindVirq":
      return { port: answer ?? null };
    case "EventFile.pending":
      return { ports: answer ?? null };
    default:
      return {};
  }
}

/** The first references of a buffer. Read by index, because the backend may have transferred the buffer. */
function firstGrefs(grefs: Uint32Array, count: number): number[] {
  return Array.from({ length: Math.min(count, grefs.length) }, (_, index) => grefs[index]!);
}

function tracedSegment({ from, to, length }: CopySegment): TracedSegment {
  return { ...tracedPlace("from", from), ...tracedPlace("to", to), length };
}

/** One end of a segment: which page, and nothing of memory. */
function tracedPlace(name: "from" | "to", place: GrantPlace | Uint8Array): Partial<TracedSegment> {
  if (place instanceof Uint8Array) return {};
  const { domid, gref, offset } = place;
  return { [name]: { domid, gref, offset } };
}
