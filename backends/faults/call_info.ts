import type { Call } from "../intercept/calls.ts";
import type { CallInfo, FaultKind } from "./call.ts";
import { placesOf } from "./refusal.ts";

type Method = Exclude<Call["method"], "onRelease">;

/** The kind of each call that has not the name of its method. */
const KINDS_OF_METHODS = {
  setUnmapNotify: "notify",
  bindUnbound: "bind",
  bindInterdomain: "bind",
  bindVirq: "bind",
  whenPending: "wait",
} as const satisfies Partial<Record<Method, FaultKind>>;

const NO_GREFS: readonly number[] = [];

/** What rules and actions see of a call. */
export function callInfo(call: Call): CallInfo {
  const method = call.method as Method;
  const kind = method in KINDS_OF_METHODS
    ? KINDS_OF_METHODS[method as keyof typeof KINDS_OF_METHODS]
    : method as Exclude<Method, keyof typeof KINDS_OF_METHODS>;
  return { side: call.side, kind, ...subject(call) };
}

/** What a call is about: pages, segments or a port. */
function subject(call: Call): Omit<CallInfo, "side" | "kind"> {
  switch (call.name) {
    case "GrantFile.grant": {
      const { page, count, domid } = call.args;
      return { page, count, domid, grefs: NO_GREFS };
    }
    case "GrantFile.endAccess": {
      const { page, count, grefs } = call.args;
      return { page, count, grefs: Array.from(grefs.subarray(0, count)) };
    }
    case "GrantFile.map": {
      const { page, count, gref } = call.args;
      return { page, count, grefs: [gref] };
    }
    case "GrantFile.setUnmapNotify":
      return { page: call.args.page, count: 1, grefs: [call.args.gref] };
    case "MapFile.map": {
      const { domid, grefs } = call.args;
      const [first, ...others] = new Set(typeof domid === "number" ? [domid] : domid);
      return { ...(first === undefined || others.length > 0 ? {} : { domid: first }), count: grefs.length, grefs };
    }
    case "MapFile.copy": {
      const { segments } = call.args;
      return {
        count: segments.length,
        grefs: segments.flatMap((segment) => placesOf(segment).map(({ gref }) => gref)),
      };
    }
    case "MappedMemory.unmap":
    case "PeerMemory.unmap":
    case "PeerMemory.setUnmapNotify":
      // A call of a mapping is about the pages that were mapped.
      return subject(call.from!);
    case "EventFile.bindUnbound":
    case "EventFile.bindInterdomain":
    case "EventFile.bindVirq":
    case "EventFile.notify":
    case "EventFile.unmask":
    case "EventFile.unbind":
      return { ...call.args, grefs: NO_GREFS };
    default:
      return { grefs: NO_GREFS };
  }
}
