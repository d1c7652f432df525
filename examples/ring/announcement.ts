/**
 * How the two sides find each other: the server writes its reference and its port into XenStore, below a name, and the
 * client waits for them.
 *
 * ```text
 * /local/domain/5/data/NAME                 only the client may read it, and what is below
 * /local/domain/5/data/NAME/ring-ref        the grant reference of the page
 * /local/domain/5/data/NAME/event-channel   the port
 * ```
 *
 * @module
 */
import { StoreError, type StoreWaitOptions, type XenStore } from "../../src/xenstore/mod.ts";

/** What the client needs to connect. */
export interface Announcement {
  /** The grant reference of the page. */
  readonly gref: number;
  /** The port that the client binds to. */
  readonly port: number;
}

/**
 * Announces a server to one domain. Replaces what an earlier server has left.
 *
 * @param name A name without slashes.
 * @param client The domid of the domain that may read it. It must exist already.
 */
export async function announce(store: XenStore, name: string, client: number, { gref, port }: Announcement) {
  const folder = `data/${name}`;
  const server = await store.ownDomid();
  // In one transaction, the client never sees one number of this server and one of an earlier one.
  await store.transaction(async (transaction) => {
    await transaction.mkdir("data");
    await transaction.remove(folder);
    await transaction.mkdir(folder);
    await transaction.setPermissions(folder, [{ domid: server, access: "none" }, { domid: client, access: "read" }]);
    await transaction.write(`${folder}/ring-ref`, gref);
    await transaction.write(`${folder}/event-channel`, port);
  });
}

/** Withdraws an announcement. Do so before the page is freed: references and ports are used again. */
export async function withdraw(store: XenStore, name: string): Promise<void> {
  await store.remove(`data/${name}`);
}

/**
 * Waits until a domain announces a server.
 *
 * @param server The domid of the server. Nobody but this domain and domain 0 can have written what is found.
 */
export async function find(
  store: XenStore,
  server: number,
  name: string,
  options: StoreWaitOptions = {},
): Promise<Announcement> {
  const { timeout = Infinity, signal } = options;
  const end = performance.now() + timeout;
  const paths = ["ring-ref", "event-channel"].map((node) => `/local/domain/${server}/data/${name}/${node}`);
  for (;;) {
    for (const path of paths) {
      const left = Math.max(0, Math.ceil(end - performance.now()));
      await store.waitFor(path, undefined, { timeout: left, signal });
    }
    try {
      const [gref, port] = await store.transaction(
        async (transaction) =>
          [await transaction.readNumber(paths[0]!), await transaction.readNumber(paths[1]!)] as const,
        { signal },
      );
      return { gref, port };
    } catch (error) {
      // The server has withdrawn meanwhile, or its domain is gone: another one may come.
      if (!(error instanceof StoreError && (error.code === "denied" || error.code === "not-found"))) throw error;
    }
  }
}
