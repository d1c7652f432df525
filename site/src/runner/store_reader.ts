import type { MockDomainReport, MockProcess } from "@gntalloc/gntalloc/mock";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
import type { StoreNode } from "../protocol.ts";
import type { WatchedXen } from "./watched_xen.ts";

/** Reads all of XenStore, from a program of its own in domain 0. */
export class StoreReader {
  readonly #xen: WatchedXen;
  #process: MockProcess | undefined;
  #number: number | undefined;
  #store: XenStore | undefined;

  constructor(xen: WatchedXen) {
    this.#xen = xen;
  }

  /** Reads the tree. It is empty until somebody connects to XenStore. */
  async read(): Promise<StoreNode[]> {
    const store = this.#store ??= await this.#open();
    if (store === undefined) return [];
    try {
      return await nodesIn(store, "/");
    } catch {
      // Domain 0 was destroyed.
      return [];
    }
  }

  /** Returns a report without this program. */
  without(domain: MockDomainReport): MockDomainReport {
    if (domain.domid !== 0 || this.#number === undefined) return domain;
    const isOther = ({ process }: { process: number }) => process !== this.#number;
    return {
      ...domain,
      processes: domain.processes.filter(isOther),
      connections: domain.connections.filter(isOther),
    };
  }

  async #open(): Promise<XenStore | undefined> {
    if (!this.#xen.inspect().domains.some(({ connections }) => connections.length > 0)) return undefined;
    const dom0 = this.#xen.bareDomain(0);
    if (dom0 === undefined) return undefined;
    this.#process = dom0.process();
    // The newest program has the highest number.
    this.#number = Math.max(
      ...this.#xen.inspect().domains.find(({ domid }) => domid === 0)!.processes.map(({ process }) => process),
    );
    return await XenStore.open({ store: this.#process.storeSocket });
  }
}

async function nodesIn(store: XenStore, path: string): Promise<StoreNode[]> {
  const names = (await store.list(path)).sort();
  const below = await Promise.all(names.map((name) => nodesIn(store, path === "/" ? `/${name}` : `${path}/${name}`)));
  const value = path === "/" ? "" : await store.readText(path);
  const here = value !== "" || names.length === 0 ? [{ path, value }] : [];
  return [...here, ...below.flat()];
}
