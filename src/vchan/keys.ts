/**
 * The two nodes of XenStore by which a client finds its server.
 *
 * ```text
 * <path>/ring-ref        the grant reference of the shared page
 * <path>/event-channel   the port of the server
 * ```
 *
 * The client may read these two and nothing else: their folder keeps the rights of the one above it.
 *
 * @module
 */
import { MAX_PORT, MAX_UINT32 } from "../contract/limits.ts";
import { StoreError } from "../contract/store_errors.ts";
import { transactPatiently as transact } from "../xenstore/patient_transaction.ts";
import type { StorePermission } from "../xenstore/permissions.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { StoreTransaction } from "../xenstore/store_transaction.ts";

/** What a server publishes. */
export interface Keys {
  /** The grant reference of the shared page. */
  readonly gref: number;
  /** The port that the client binds to. */
  readonly port: number;
}

/** Where, and for whom. */
export interface KeyPlace {
  /** The folder of the keys. */
  readonly path: string;
  /** The domid of the server. */
  readonly server: number;
  /** The domid of the client. */
  readonly client: number;
}

const gref = (path: string) => `${path}/ring-ref`;

/** The node that a client watches. */
export const portNode = (path: string): string => `${path}/event-channel`;

/** Publishes keys, in place of those that another server has left. */
export function publish(store: XenStore, place: KeyPlace, keys: Keys, signal?: AbortSignal): Promise<void> {
  const { path } = place;
  return transact(store, async (transaction) => {
    await transaction.write(gref(path), keys.gref);
    await transaction.write(portNode(path), keys.port);
    await allow(transaction, place);
  }, { signal });
}

/**
 * Lets the client read the keys once more, if they are still there: XenStore forgets the rights of a domain that did not
 * exist when they were given.
 */
export function allowAgain(store: XenStore, place: KeyPlace, keys: Keys, signal?: AbortSignal): Promise<void> {
  return transact(store, async (transaction) => {
    if (await areThere(transaction, place.path, keys)) await allow(transaction, place);
  }, { signal });
}

async function allow(transaction: StoreTransaction, { path, server, client }: KeyPlace): Promise<void> {
  const permissions: StorePermission[] = [{ domid: server, access: "none" }];
  if (client !== server) permissions.push({ domid: client, access: "read" });
  await transaction.setPermissions(gref(path), permissions);
  await transaction.setPermissions(portNode(path), permissions);
}

/** Whether there is something in both nodes that this domain may read. */
async function isReadable(transaction: StoreTransaction, path: string): Promise<boolean> {
  try {
    return (await transaction.readText(gref(path)) + await transaction.readText(portNode(path))).length > 0;
  } catch (error) {
    if (error instanceof StoreError && /^(denied|not-found)$/.test(error.code)) return false;
    if (error instanceof StoreError && error.code === "malformed") return true;
    throw error;
  }
}

/**
 * Reads the keys. Returns `"taken"` if there is no place for another client now, `"nothing"` if they are not both
 * there, or may not be read, and `"garbage"` if they are not keys.
 */
export async function find(
  store: XenStore,
  path: string,
  signal?: AbortSignal,
): Promise<Keys | "taken" | "nothing" | "garbage"> {
  const keys = await transact(
    store,
    async (transaction) =>
      await read(transaction, path) ?? (await isReadable(transaction, path) ? "garbage" : "nothing"),
    { signal },
  );
  if (typeof keys === "string") return keys;
  if (keys.gref === RETIRED.gref && keys.port === RETIRED.port) return "taken";
  const isValid = keys.gref > 0 && keys.gref <= MAX_UINT32 && keys.port > 0 && keys.port <= MAX_PORT;
  return isValid ? keys : "garbage";
}

async function read(transaction: StoreTransaction, path: string): Promise<Keys | undefined> {
  try {
    return {
      gref: await transaction.readNumber(gref(path)),
      port: await transaction.readNumber(portNode(path)),
    };
  } catch (error) {
    if (error instanceof StoreError && /^(denied|not-found|malformed)$/.test(error.code)) return undefined;
    throw error;
  }
}

async function areThere(transaction: StoreTransaction, path: string, keys: Keys): Promise<boolean> {
  const found = await read(transaction, path);
  return found?.gref === keys.gref && found.port === keys.port;
}

/** Keys of a place that was used, while there is no other one: libxenvchan takes a 0 for an error. */
export const RETIRED: Keys = { gref: 0, port: 0 };

/**
 * Makes keys useless, unless another server has replaced them. The nodes stay: as they go with the domain, a client in
 * another domU learns from them that it is gone.
 */
export function retire(store: XenStore, path: string, keys: Keys): Promise<void> {
  return transact(store, async (transaction) => {
    if (!await areThere(transaction, path, keys)) return;
    await transaction.write(gref(path), RETIRED.gref);
    await transaction.write(portNode(path), RETIRED.port);
  });
}

/**
 * Removes keys, unless another server has replaced them. Folders that are empty then go with them, up to the `data` of a
 * domain: each takes from the quota of nodes.
 */
export function withdraw(store: XenStore, path: string, keys: Keys): Promise<void> {
  return transact(store, async (transaction) => {
    if (!await areThere(transaction, path, keys)) return;
    await transaction.remove(gref(path));
    await transaction.remove(portNode(path));
    const data = /^\/local\/domain\/\d+\/data(?=\/)/.exec(path)?.[0] ?? parent(path);
    for (let folder = path; folder !== data && await isEmpty(transaction, folder); folder = parent(folder)) {
      await transaction.remove(folder);
    }
  });
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Whether a node has neither a value nor nodes below it. */
async function isEmpty(transaction: StoreTransaction, path: string): Promise<boolean> {
  return (await transaction.list(path)).length === 0 && (await transaction.read(path)).length === 0;
}
