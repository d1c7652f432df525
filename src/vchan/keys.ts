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
import { isStoreError } from "../contract/store_errors.ts";
import { transactPatiently as transact } from "../xenstore/patient_transaction.ts";
import type { StorePermission } from "../xenstore/permissions.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { StoreTransaction } from "../xenstore/store_transaction.ts";
import { VchanError } from "./errors.ts";

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

/**
 * Publishes keys, in place of those that another server has left, or of this server's own.
 *
 * @param own The keys of this server that may be there. Without any, it takes the place of any other server.
 * @returns The folders that were not there before.
 * @throws {VchanError} `replaced` if others are there.
 */
export function publish(
  store: XenStore,
  place: KeyPlace,
  keys: Keys,
  own: readonly Keys[],
  signal: AbortSignal,
): Promise<string[]> {
  const { path } = place;
  return transact(store, async (transaction) => {
    if (own.length > 0) await findOwn(transaction, path, own);
    const made = await missingFolders(transaction, path);
    await transaction.write(gref(path), keys.gref);
    await transaction.write(portNode(path), keys.port);
    await allow(transaction, place);
    return made;
  }, { signal });
}

/** Lets the client read the keys once more: XenStore forgets the rights of a domain that did not exist then. */
export function allowAgain(
  store: XenStore,
  place: KeyPlace,
  own: readonly Keys[],
  signal: AbortSignal,
): Promise<void> {
  return transact(store, async (transaction) => {
    await findOwn(transaction, place.path, own);
    await allow(transaction, place);
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
    if (isStoreError(error, "denied", "not-found")) return false;
    if (isStoreError(error, "malformed")) return true;
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

async function read(nodes: StoreTransaction, path: string, signal?: AbortSignal): Promise<Keys | undefined> {
  try {
    return {
      gref: await nodes.readNumber(gref(path), { signal }),
      port: await nodes.readNumber(portNode(path), { signal }),
    };
  } catch (error) {
    if (isStoreError(error, "denied", "not-found", "malformed")) return undefined;
    throw error;
  }
}

/** Whether keys name the same. */
export const areSame = (some: Keys, others: Keys | undefined): boolean =>
  some.gref === others?.gref && some.port === others.port;

/**
 * Reads which of a server's own keys are there.
 *
 * @throws {VchanError} `replaced` if none of them is.
 */
async function findOwn(nodes: StoreTransaction, path: string, own: readonly Keys[]): Promise<Keys> {
  const found = await read(nodes, path);
  const keys = own.find((keys) => areSame(keys, found));
  if (keys === undefined) throw replaced(path, found);
  return keys;
}

/** Looks which of a server's own keys are there, as {@linkcode findOwn} does. */
export async function look(store: XenStore, path: string, own: readonly Keys[], signal: AbortSignal): Promise<Keys> {
  const found = await read(store, path, signal);
  return own.find((keys) => areSame(keys, found)) ??
    // The two may have changed between the reads.
    await transact(store, (transaction) => findOwn(transaction, path, own), { signal });
}

function replaced(path: string, found: Keys | undefined): VchanError {
  const reason = found === undefined
    ? `the nodes of this server at ${path} were removed, or are not keys any more. Listen again.`
    : `another server has published itself at ${path}, and has replaced this one. Run only one of them there.`;
  return new VchanError(`Cannot accept: ${reason}`, { code: "replaced", operation: "accept" });
}

/** Keys of a place that was used, while there is no other one: libxenvchan takes a 0 for an error. */
export const RETIRED: Keys = { gref: 0, port: 0 };

/**
 * Makes a server's own keys useless. The nodes stay: as they go with the domain, a client in another domU learns from
 * them that it is gone.
 *
 * @throws {VchanError} `replaced` if others are there.
 */
export function retire(store: XenStore, path: string, own: readonly Keys[], signal: AbortSignal): Promise<void> {
  return transact(store, async (transaction) => {
    await findOwn(transaction, path, own);
    await transaction.write(gref(path), RETIRED.gref);
    await transaction.write(portNode(path), RETIRED.port);
  }, { signal });
}

/**
 * Removes a server's own keys, if they are there. Folders that are empty then go with them if the server has made them:
 * each takes from the quota of nodes. Others may have rights that this domain cannot give again.
 */
export function withdraw(
  store: XenStore,
  path: string,
  own: readonly Keys[],
  made: ReadonlySet<string>,
): Promise<void> {
  return transact(store, async (transaction) => {
    const found = await read(transaction, path);
    if (!own.some((keys) => areSame(keys, found))) return;
    await transaction.remove(gref(path));
    await transaction.remove(portNode(path));
    for (const folder of foldersOf(path)) {
      if (!made.has(folder) || !await isEmpty(transaction, folder)) return;
      await transaction.remove(folder);
    }
  });
}

/** The folders that go with a server: the one of its keys, and those above it up to the `data` of a domain. */
function foldersOf(path: string): string[] {
  const data = /^\/local\/domain\/\d+\/data(?=\/)/.exec(path)?.[0] ?? parent(path);
  const folders = [];
  for (let folder = path; folder !== data; folder = parent(folder)) folders.push(folder);
  return folders;
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

async function missingFolders(transaction: StoreTransaction, path: string): Promise<string[]> {
  const missing: string[] = [];
  for (const folder of foldersOf(path)) {
    if (await isThere(transaction, folder)) break;
    missing.push(folder);
  }
  return missing;
}

/** Whether a node is there, or may be: one that cannot be read was made by somebody else. */
async function isThere(transaction: StoreTransaction, path: string): Promise<boolean> {
  try {
    await transaction.read(path);
    return true;
  } catch (error) {
    if (!isStoreError(error, "denied", "not-found")) throw error;
    return error.code === "denied";
  }
}

/** Whether a node has neither a value nor nodes below it. */
async function isEmpty(transaction: StoreTransaction, path: string): Promise<boolean> {
  return (await transaction.list(path)).length === 0 && (await transaction.read(path)).length === 0;
}
