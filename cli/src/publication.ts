/**
 * How two sides find each other by a name: the granter writes its references into XenStore, where only its peer can
 * read them.
 *
 * ```text
 * /local/domain/GRANTER/data/gntalloc/NAME = 8-11,14
 * ```
 *
 * @module
 */
import { StoreError, type StoreTransaction, type XenStore } from "@gntalloc/gntalloc/xenstore";
import { UsageError } from "./exit.ts";
import { quoted } from "./printable.ts";
import { readReferences, writeReferences } from "./references.ts";

/** What a message to the daemon has room for, beside the path. */
const LONGEST = 3072;

/** Where the references of a name are. */
export function pathOf(granter: number, name: string): string {
  checkName(name);
  return `/local/domain/${granter}/data/gntalloc/${name}`;
}

/**
 * Publishes references for a domain. Replaces what is published by the name.
 *
 * @returns Whether there was something to replace: what a killed run has left, or what another one still shares.
 */
export async function publish(store: XenStore, name: string, peer: number, grefs: readonly number[]): Promise<boolean> {
  checkName(name);
  const value = writeReferences(grefs);
  if (value.length > LONGEST) {
    throw new UsageError(
      `Cannot publish ${grefs.length} references: they take more than ${LONGEST} bytes. Share fewer pages by a name.`,
    );
  }
  const path = `data/gntalloc/${name}`;
  const granter = await store.ownDomid();
  // In one transaction, the peer never sees the references of this run with the rights of an earlier one.
  return await store.transaction(async (transaction) => {
    const before = await valueOf(transaction, path);
    await transaction.mkdir("data");
    await transaction.mkdir("data/gntalloc");
    await transaction.remove(path);
    await transaction.mkdir(path);
    await transaction.setPermissions(path, [{ domid: granter, access: "none" }, { domid: peer, access: "read" }]);
    await transaction.write(path, value);
    return before !== undefined;
  });
}

/**
 * Withdraws a name, unless another run has replaced what it stands for. Do so before the pages are freed: references
 * are used again.
 */
export async function withdraw(store: XenStore, name: string, grefs: readonly number[]): Promise<void> {
  const path = `data/gntalloc/${name}`;
  await store.transaction(async (transaction) => {
    if (await valueOf(transaction, path) === writeReferences(grefs)) await transaction.remove(path);
  });
}

async function valueOf(store: Pick<StoreTransaction, "readText">, path: string): Promise<string | undefined> {
  try {
    return await store.readText(path);
  } catch (error) {
    if (error instanceof StoreError && error.code === "not-found") return undefined;
    throw error;
  }
}

/** How long to wait for a name. */
export interface Patience {
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Settled when nobody is left who could publish it, as on a simulated Xen; `undefined` if nobody knows that. */
  readonly alone: Promise<void> | undefined;
}

/** Waits until a domain publishes references by a name. What it has written may be anything. */
export async function find(
  store: XenStore,
  granter: number,
  name: string,
  { timeout, signal, alone }: Patience,
): Promise<number[]> {
  const path = pathOf(granter, name);
  const hopeless = new AbortController();
  const look = async () => {
    // What others have published before they ended is still there.
    if (await store.readText(path).then(() => true, () => false)) return;
    hopeless.abort(neverPublished(await store.ownDomid(), granter, name));
  };
  // If a script fails, `signal` says so.
  alone?.then(look).catch(() => {});
  const text = await store.waitFor(path, undefined, { timeout, signal: AbortSignal.any([signal, hopeless.signal]) });
  try {
    return readReferences(text);
  } catch (cause) {
    const shown = quoted(text.length > 40 ? `${text.slice(0, 40)}…` : text);
    throw new Error(
      `Cannot use what domain ${granter} publishes as ${name}: it must be references such as 8-11,14, and is ${shown}.`,
      { cause },
    );
  }
}

/** The name will not come: it has the code of one that does not come in time, as on a real Xen. */
function neverPublished(reader: number, granter: number, name: string): StoreError {
  return new StoreError(
    `Cannot find ${name} as domain ${granter} has not published it for domain ${reader}, and on this simulated Xen ` +
      `nobody is left to do so. Publish it first: --line '${granter}: share ${name} --to ${reader}'.`,
    { code: "timed-out", operation: "wait", path: pathOf(granter, name) },
  );
}

/** Throws unless a name can be published. */
export function checkName(name: string): void {
  if (!/^[A-Za-z][\w-]{0,63}$/.test(name)) {
    throw new UsageError(
      "Cannot use the name as it must have 1 to 64 letters, digits, - and _, a letter first: " +
        `current value is "${name}"`,
    );
  }
}
