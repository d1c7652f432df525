import { show } from "../contract/checks.ts";
import { MAX_DOMID } from "../contract/limits.ts";
import type { XenStore } from "../xenstore/store.ts";
import { type DeviceNodes, makeNodes } from "./device_nodes.ts";
import { PvError } from "./errors.ts";
import { frontendPath } from "./place.ts";
import { readState } from "./own_nodes.ts";
import type { SideNames } from "./side_names.ts";
import { XenbusState } from "./xenbus_state.ts";

/** What a frontend finds of its device. */
export interface Found {
  /** The domain of the backend. */
  readonly domid: number;
  /** The state of this side. */
  readonly state: XenbusState;
  readonly names: SideNames;
}

const PATH = /^(\/[A-Za-z0-9_@-]+)+$/;

/**
 * Finds the backend of a device of this domain.
 *
 * @throws {PvError} `no-device` if there is no such device; `protocol` if its nodes name no backend.
 */
export async function findBackend(
  store: XenStore,
  kind: string,
  id: number,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const frontend = await store.ownDomid({ signal });
  const path = frontendPath({ kind, id, frontend });
  const nodes = makeNodes(store, path);
  const state = await readState(store, path);
  const peerPath = await nodes.text("backend", { signal });
  if (state === XenbusState.Unknown || peerPath === undefined) throw missing(kind, id, path);
  const domid = await domidOf(nodes, signal);
  if (!PATH.test(peerPath)) {
    throw new PvError(
      `Cannot open a device: ${path}/backend must be an absolute path: current value is ${show(peerPath)}.`,
      {
        code: "protocol",
        operation: "open a device",
      },
    );
  }
  const device = `${kind}/${id}`;
  return {
    domid,
    state,
    names: {
      isBackend: false,
      device,
      path,
      peerPath,
      errorPath: `error/device/${device}/error`,
      peer: `the backend in domain ${domid}`,
      wayOut: `See whether it runs, and what domain ${domid} says in /local/domain/${domid}/error${
        peerPath.replace(/^\/local\/domain\/\d+/, "")
      }/error`,
    },
  };
}

async function domidOf(nodes: DeviceNodes, signal: AbortSignal | undefined): Promise<number> {
  const domid = await nodes.number("backend-id", undefined, { signal });
  if (domid <= MAX_DOMID) return domid;
  throw new PvError(`Cannot open a device: ${nodes.path}/backend-id must be a domid: current value is ${domid}.`, {
    code: "protocol",
    operation: "open a device",
  });
}

function missing(kind: string, id: number, path: string): PvError {
  return new PvError(
    `Cannot open a device: this domain has no ${kind}/${id}, as ${path} is not there. Have the toolstack make it, ` +
      "for a disk by `xl block-attach`, or see whether the number is right.",
    { code: "no-device", operation: "open a device" },
  );
}
