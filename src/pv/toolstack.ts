import type { StoreBackend } from "../contract/store_backend.ts";
import { isStoreError } from "../contract/store_errors.ts";
import { checkPlainObject, readOptions } from "../contract/options.ts";
import { Patience } from "../shared/patience.ts";
import type { StorePermission } from "../xenstore/permissions.ts";
import { transactPatiently } from "../xenstore/patient_transaction.ts";
import { XenStore } from "../xenstore/store.ts";
import type { StoreTransaction } from "../xenstore/store_transaction.ts";
import { type DeviceNodes, makeNodes } from "./device_nodes.ts";
import { PvError } from "./errors.ts";
import type { PvWaitOptions } from "./options.ts";
import { backendPath, checkPlace, type DevicePlace, frontendPath } from "./place.ts";
import { type NodeValues, readState, removeIfThere } from "./own_nodes.ts";
import { checkNodes, DANCE_TIMEOUT } from "./side.ts";
import { XenbusState } from "./xenbus_state.ts";

const { Initialising, Closing, Closed, Unknown } = XenbusState;

/** A device to make, and what the toolstack says about it. */
export interface DeviceDescription extends DevicePlace {
  /** More nodes for the frontend, which may change them. For a disk, for example, `virtual-device`. */
  readonly frontendNodes?: NodeValues | undefined;
  /** More nodes for the backend. For a disk, for example, `mode`. */
  readonly backendNodes?: NodeValues | undefined;
}

/**
 * Makes a device, as the toolstack does: for backends that `xl` does not know, and on a simulated Xen. Only domain 0
 * may do that.
 *
 * @param domain Domain 0: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
 * @param device The device. Both domains must exist.
 * @throws {TypeError} or {RangeError} if an argument is wrong.
 * @throws {PvError} `taken` if there is one already, or the folder of its backend is that of another device.
 * @throws {StoreError} `denied` if this domain may not do that; or as any request.
 *
 * @example Make a device that is nobody's yet
 * ```ts
 * import { createDevice } from "@gntalloc/gntalloc/pv";
 * import { XenStore } from "@gntalloc/gntalloc/xenstore";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * xen.domain(1);
 * await createDevice(xen.domain(0), {
 *   kind: "sensor",
 *   id: 3,
 *   frontend: 1,
 *   backend: 0,
 *   backendNodes: { unit: "celsius" },
 * });
 * using store = await XenStore.open(xen.domain(1));
 * assert.equal(await store.readText("device/sensor/3/backend"), "/local/domain/0/backend/sensor/1/3");
 * ```
 */
export async function createDevice(domain: { readonly store: StoreBackend }, device: DeviceDescription): Promise<void> {
  const what = "create a device";
  checkPlainObject(what, device, "`device`");
  const names = ["kind", "id", "frontend", "backend", "backendKind", "frontendNodes", "backendNodes"] as const;
  const given = readOptions(what, device, names, "`device`");
  checkPlace(what, given);
  const { frontendNodes = {}, backendNodes = {} } = given;
  checkNodes(what, frontendNodes);
  checkNodes(what, backendNodes);
  const place = given as DevicePlace;
  const { frontend, backend } = place;
  const paths = [frontendPath(place), backendPath(place)] as const;
  // Not with `using`, which Node 22 does not know.
  const store = await XenStore.open(domain);
  try {
    await transactPatiently(store, async (transaction) => {
      if (await readState(transaction, paths[0]) !== Unknown) throw exists(place, paths[0]);
      // What a frontend has left that is not there any more is replaced.
      if (!await belongsTo(transaction, paths[1], paths[0])) throw exists(place, paths[1]);
      await make(transaction, paths[0], frontend, backend, {
        ...frontendNodes,
        backend: paths[1],
        "backend-id": backend,
      });
      await make(transaction, paths[1], backend, frontend, {
        online: 1,
        ...backendNodes,
        frontend: paths[0],
        "frontend-id": frontend,
      });
    });
  } finally {
    store.close();
  }
}

/** Whether the folder of a backend belongs to a frontend, or to none. */
async function belongsTo(transaction: StoreTransaction, path: string, frontend: string): Promise<boolean> {
  const found = await textOf(makeNodes(transaction, path), "frontend", undefined);
  return found === undefined || found === frontend;
}

function exists({ kind, id, frontend }: DevicePlace, path: string): PvError {
  return new PvError(
    `Cannot create a device: domain ${frontend} has a ${kind}/${id} already, or another device that would share its ` +
      `nodes, at ${path}. Remove it first, or use another number.`,
    { code: "taken", operation: "create a device" },
  );
}

/** Makes the folder of one side, which that side owns and the other one may read. */
async function make(
  transaction: StoreTransaction,
  path: string,
  owner: number,
  reader: number,
  nodes: NodeValues,
): Promise<void> {
  const permissions: StorePermission[] = [{ domid: owner, access: "none" }];
  if (reader !== owner) permissions.push({ domid: reader, access: "read" });
  // What is left of an earlier one.
  await transaction.mkdir(path);
  await transaction.remove(path);
  await transaction.mkdir(path);
  // Those below take after it.
  await transaction.setPermissions(path, permissions);
  for (const [name, value] of Object.entries({ ...nodes, state: Initialising })) {
    if (value !== undefined) await transaction.write(`${path}/${name}`, value);
  }
}

/**
 * Removes a device, as the toolstack does: asks both sides to end the connection, waits until they have, and removes
 * their nodes. Only domain 0 may do that. If they do not end in time, the nodes are removed anyway, as by
 * `xl block-detach --force`. Does nothing if there is no such device.
 *
 * Linux's backends let go of a frontend whose domain is gone, but do not say so here: use a `timeout` of 0 then.
 *
 * @param domain Domain 0: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
 * @param device Which device. Its `backendKind` need not be given.
 * @param options How long to wait for both sides, and a signal that ends the waiting without removing anything.
 * @returns Whether both sides have ended the connection.
 * @throws {TypeError} or {RangeError} if an argument is wrong.
 * @throws {StoreError} `denied` if this domain may not do that; or as any request.
 */
export async function removeDevice(
  domain: { readonly store: StoreBackend },
  device: DevicePlace,
  options?: PvWaitOptions,
): Promise<boolean> {
  const what = "remove a device";
  checkPlainObject(what, device, "`device`");
  checkPlace(what, device);
  const { signal, timeout = DANCE_TIMEOUT } = readOptions(what, options, ["signal", "timeout"]);
  const late = Symbol("late");
  const patience = new Patience(what, { signal, timeout }, () => late);
  let store: XenStore | undefined;
  try {
    store = await XenStore.open(domain, { signal });
    const paths = [frontendPath(device), await findBackendPath(store, device, signal)] as const;
    let isEnded = true;
    try {
      const state = await askToEnd(store, paths[1], patience.signal);
      if (state !== Unknown && state !== Closed) await untilClosed(store, paths[1], patience.signal);
    } catch (error) {
      if (error !== late) throw error;
      isEnded = false;
    }
    await transactPatiently(store, async (transaction) => {
      for (const path of paths) await removeIfThere(transaction, path);
    }, { signal });
    return isEnded;
  } finally {
    patience.release();
    store?.close();
  }
}

/**
 * Finds the folder of the backend. The frontend's domain may write anything into the node that names it, so that folder
 * must be of the same device, and must say so itself.
 */
async function findBackendPath(
  store: XenStore,
  device: DevicePlace,
  signal: AbortSignal | undefined,
): Promise<string> {
  const path = backendPath(device);
  const front = frontendPath(device);
  const named = await textOf(makeNodes(store, front), "backend", signal);
  const [, backendKind] = /^\/local\/domain\/\d+\/backend\/([A-Za-z0-9_-]+)\//.exec(named ?? "") ?? [];
  if (device.backendKind !== undefined || named !== backendPath({ ...device, backendKind })) return path;
  return await textOf(makeNodes(store, named), "frontend", signal) === front ? named : path;
}

/** Reads a node that may be anything. */
async function textOf(nodes: DeviceNodes, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return await nodes.text(name, { signal });
  } catch (error) {
    if (isStoreError(error, "malformed")) return undefined;
    throw error;
  }
}

/** Tells the backend to end the connection, for good. Returns the state that it had. */
function askToEnd(store: XenStore, path: string, signal: AbortSignal): Promise<XenbusState> {
  return transactPatiently(store, async (transaction) => {
    const state = await readState(transaction, path);
    if (state === Unknown) return state;
    await transaction.write(`${path}/online`, 0);
    if (state !== Closed) await transaction.write(`${path}/state`, Closing);
    // Nobody has begun a connection.
    return state === Initialising ? Closed : state;
  }, { signal });
}

async function untilClosed(store: XenStore, path: string, signal: AbortSignal): Promise<void> {
  for await (const _ of store.watch(`${path}/state`, { signal })) {
    const state = await readState(store, path);
    if (state === Closed || state === Unknown) return;
  }
}
