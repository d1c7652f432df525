import { type StorePermission, XenStore } from "../../../src/xenstore/mod.ts";
import { deadline } from "../timing.ts";
import type { StoreSide, StoreTarget } from "../target.ts";

let folders = 0;

/** A domain as a test uses it: an open store, and a folder of its own, which is empty. */
export interface Party extends StoreSide {
  readonly xenstore: XenStore;
  /** Relative to its home. */
  readonly folder: string;
  /** The same folder, for everybody. */
  readonly absolute: string;
}

/** What a test of XenStore works with: both sides, which are closed at its end. */
export class StoreSetup {
  readonly target: StoreTarget;
  readonly ours: Party;
  readonly theirs: Party;
  /** The folder of each side that holds all that the test makes. */
  readonly #folder: string;
  readonly #opened: XenStore[];

  private constructor(target: StoreTarget, folder: string, ours: Party, theirs: Party) {
    this.#folder = folder;
    this.target = target;
    this.ours = ours;
    this.theirs = theirs;
    this.#opened = [ours.xenstore, theirs.xenstore];
  }

  /** Opens both sides. */
  static async open(target: StoreTarget): Promise<StoreSetup> {
    // Others may run the suite in the same domains at the same time.
    const folder = `data/conformance-${Date.now()}-${Math.random().toString(36).slice(2)}-${folders++}`;
    const ours = await party(target.ours, `${folder}/ours`);
    try {
      return new StoreSetup(target, folder, ours, await party(target.theirs, `${folder}/theirs`));
    } catch (error) {
      await ours.xenstore.remove(folder).catch(() => {});
      ours.xenstore.close();
      throw error;
    }
  }

  /** Another connection of a side, like that of another process. */
  readonly another = async (side: StoreSide): Promise<XenStore> => {
    const xenstore = await deadline(XenStore.open(side), "open()");
    this.#opened.push(xenstore);
    return xenstore;
  };

  /**
   * Returns a domain that owns a folder, and one that may not read it; `undefined` if there is no such pair, because
   * domain 0 may do everything.
   */
  readonly strangers = (): { owner: Party; stranger: Party } | undefined => {
    const { ours, theirs } = this;
    if (ours.domid === theirs.domid) return undefined;
    if (theirs.domid !== 0) return { owner: ours, stranger: theirs };
    return ours.domid === 0 ? undefined : { owner: theirs, stranger: ours };
  };

  /** A side that may do everything; `undefined` if there is none. */
  readonly privileged = (): Party | undefined => [this.ours, this.theirs].find(({ domid }) => domid === 0);

  /** A side that has quotas, and may not do everything; `undefined` if there is none. */
  readonly unprivileged = (): Party | undefined => [this.ours, this.theirs].find(({ domid }) => domid !== 0);

  /** Removes what the test has left, and closes everything. */
  async close(): Promise<void> {
    try {
      for (const side of [this.ours, this.theirs]) {
        const cleaner = await XenStore.open(side);
        await cleaner.remove(this.#folder).catch(() => {});
        cleaner.close();
      }
    } finally {
      for (const xenstore of this.#opened) xenstore.close();
    }
  }
}

async function party(side: StoreSide, folder: string): Promise<Party> {
  const { store, domid, longLists } = side;
  const xenstore = await deadline(XenStore.open(side), "open()");
  await xenstore.mkdir(folder);
  return { store, domid, longLists, xenstore, folder, absolute: `/local/domain/${domid}/${folder}` };
}

/** Permissions by which only a domain and those given have rights. */
export function permissionsOf({ domid }: Party, ...others: readonly StorePermission[]): StorePermission[] {
  return [{ domid, access: "none" }, ...others];
}

/** Tests by their names. */
export type StoreTests = Record<string, (setup: StoreSetup) => Promise<void>>;
