import type { Call } from "../intercept/calls.ts";
import type { CallInfo, FaultKind } from "./call.ts";
import { placesOf } from "./refusal.ts";
import { sentRequest } from "./sent_request.ts";

/** The kinds of calls that do not have the name of their method. */
const KINDS: Partial<Record<Call["method"], FaultKind>> = {
  setUnmapNotify: "notify",
  bindUnbound: "bind",
  bindInterdomain: "bind",
  bindVirq: "bind",
  whenPending: "wait",
  whenReadable: "wait",
};

/** The arguments that rules and actions see under the same name, if they are numbers. */
const NUMBERS = ["page", "count", "domid", "port", "remotePort", "virq"] as const;

/** What rules and actions see of a call. */
export function callInfo(call: Call): CallInfo {
  const kind = KINDS[call.method] ?? call.method as FaultKind;
  // A call of a mapping is about the pages that were mapped.
  const about = call.from?.method === "map" ? call.from : call;
  const args = about.args as Readonly<Record<string, unknown>>;
  const numbers = NUMBERS.filter((name) => typeof args[name] === "number").map((name) => [name, args[name]]);
  return { part: call.part, kind, ...Object.fromEntries(numbers), ...pagesOf(about), ...requestOf(call) };
}

/** What a request to XenStore asks for. */
function requestOf(call: Call): Pick<CallInfo, "operation" | "path"> {
  if (call.name !== "StoreConnection.send") return {};
  const { operation, path } = sentRequest(call.args.message);
  return { ...(operation === undefined ? {} : { operation }), ...(path === undefined ? {} : { path }) };
}

/** The pages that a call names by their references. */
function pagesOf(call: Call): Pick<CallInfo, "count" | "domid" | "grefs"> {
  switch (call.name) {
    case "GrantFile.endAccess":
      return { grefs: Array.from(call.args.grefs.subarray(0, call.args.count)) };
    case "GrantFile.map":
      return { grefs: [call.args.gref] };
    case "GrantFile.setUnmapNotify":
      return { count: 1, grefs: [call.args.gref] };
    case "MapFile.map": {
      const { domid, grefs } = call.args;
      const [only, ...others] = new Set([domid].flat());
      return { ...(only === undefined || others.length > 0 ? {} : { domid: only }), count: grefs.length, grefs };
    }
    case "MapFile.copy": {
      const grefs = call.args.segments.flatMap((segment) => placesOf(segment).map(({ gref }) => gref));
      return { count: call.args.segments.length, grefs };
    }
    default:
      // The references of a grant are not known yet.
      return { grefs: [] };
  }
}
