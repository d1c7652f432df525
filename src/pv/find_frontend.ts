import { show } from "../contract/checks.ts";
import type { XenStore } from "../xenstore/store.ts";
import { makeNodes } from "./device_nodes.ts";
import { PvError } from "./errors.ts";
import { backendPath } from "./place.ts";
import { readState } from "./own_nodes.ts";
import type { SideNames } from "./side_names.ts";
import { XenbusState } from "./xenbus_state.ts";

const PATH = /^(\/[A-Za-z0-9_@-]+)+$/;

/**
 * Finds a device that this domain is to serve.
 *
 * @throws {PvError} `no-device` if there is no such device; `protocol` if its nodes name no frontend.
 */
export async function findFrontend(
  store: XenStore,
  kind: string,
  frontend: number,
  id: number,
  signal: AbortSignal | undefined,
): Promise<{ state: XenbusState; names: SideNames }> {
  const backend = await store.ownDomid({ signal });
  const path = backendPath({ kind, id, frontend, backend });
  const state = await readState(store, path);
  const peerPath = await makeNodes(store, path).text("frontend", { signal });
  if (state === XenbusState.Unknown || peerPath === undefined) {
    throw new PvError(
      `Cannot open a device: this domain has no ${kind}/${id} to serve for domain ${frontend}, as ${path} is not ` +
        "there. Have the toolstack make it, or use `createDevice()`.",
      { code: "no-device", operation: "open a device" },
    );
  }
  if (!PATH.test(peerPath)) {
    throw new PvError(
      `Cannot open a device: ${path}/frontend must be an absolute path: current value is ${show(peerPath)}.`,
      {
        code: "protocol",
        operation: "open a device",
      },
    );
  }
  return {
    state,
    names: {
      isBackend: true,
      device: `${kind}/${id} of domain ${frontend}`,
      path,
      peerPath,
      errorPath: `error/backend/${kind}/${frontend}/${id}/error`,
      peer: `the frontend in domain ${frontend}`,
      wayOut: "See whether its driver runs",
    },
  };
}
