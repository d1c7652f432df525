import { type MockProcess, MockXen } from "../../backends/mock.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import { StoreError, type StoreTransaction, type StoreWatch, XenStore } from "../../src/xenstore/mod.ts";
import type { Daemon } from "./model.ts";
import { pathFor, PATHS, type Request } from "./steps.ts";

interface Program {
  readonly domid: number;
  readonly process: MockProcess;
  readonly store: XenStore;
  transaction: Transaction | undefined;
}

interface Transaction {
  readonly handle: StoreTransaction;
  /** Lets its function end. */
  readonly end: (commit: boolean) => void;
  readonly outcome: Promise<string>;
}

interface Watched {
  readonly program: number;
  readonly watch: StoreWatch;
  /** The paths that have come since the last step. */
  readonly came: Set<string>;
}

const ABORTED = new Error("aborted");

/** Returns what comes of a call: a text, or the code of the error. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    return String(await call ?? "done");
  } catch (error) {
    if (error === ABORTED) return "aborted";
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}

/** The client on a simulated Xen, driven by steps. */
export class System {
  readonly xen: MockXen;
  readonly programs: Program[] = [];
  readonly watches: Watched[] = [];
  readonly #observer: XenStore;

  private constructor(xen: MockXen, observer: XenStore) {
    this.xen = xen;
    this.#observer = observer;
  }

  static async open(daemon: Daemon): Promise<System> {
    const xen = new MockXen({ store: { daemon } });
    const observer = await XenStore.open({ store: xen.domain(0).storeSocket });
    await observer.mkdir("/shared");
    await observer.setPermissions("/shared", [{ domid: 0, access: "both" }]);
    return new System(xen, observer);
  }

  async start(domid: number, socket: boolean): Promise<void> {
    const process = this.xen.domain(domid).process();
    const store = await XenStore.open({ store: socket && domid === 0 ? process.storeSocket : process.store });
    this.programs.push({ domid, process, store, transaction: undefined });
  }

  kill(program: number): void {
    this.programs[program]!.process.kill();
  }

  close(program: number): void {
    this.programs[program]!.store.close();
  }

  destroy(domid: number): void {
    this.xen.domain(domid).destroy();
  }

  request(program: number, inside: boolean, relative: boolean, request: Request): Promise<string> {
    const { domid, store, transaction } = this.programs[program]!;
    const through = inside && transaction ? transaction.handle : store;
    return outcomeOf(ask(through, pathFor(request.path, domid, relative), request));
  }

  async begin(program: number): Promise<void> {
    const started = Promise.withResolvers<StoreTransaction>();
    const { promise, resolve: end } = Promise.withResolvers<boolean>();
    const { store } = this.programs[program]!;
    const outcome = outcomeOf(store.transaction(async (transaction) => {
      started.resolve(transaction);
      if (!await promise) throw ABORTED;
      return "committed";
    }, { attempts: 1 }));
    this.programs[program]!.transaction = { handle: await started.promise, end, outcome };
  }

  async end(program: number, commit: boolean): Promise<string> {
    const { end, outcome } = this.programs[program]!.transaction!;
    this.programs[program]!.transaction = undefined;
    end(commit);
    return await outcome;
  }

  watch(program: number, path: string, relative: boolean): void {
    const { domid, store } = this.programs[program]!;
    const watch = store.watch(pathFor(path, domid, relative));
    const came = new Set<string>();
    this.watches.push({ program, watch, came });
    const collect = async () => {
      for await (const path of watch) came.add(path.startsWith("/") ? path : `/local/domain/${domid}/${path}`);
    };
    // Watches of programs that die end with an error, or never.
    collect().catch(() => {});
  }

  unwatch(watch: number): void {
    this.watches[watch]!.watch.close();
  }

  /** Waits until all events have come to programs that live: on each connection, they come before a later answer. */
  async settle(alive: (program: number) => boolean): Promise<void> {
    const watching = new Set(this.watches.map(({ program }) => program).filter(alive));
    await Promise.all([...watching].map((program) => this.programs[program]!.store.domainPath(0)));
    await new Promise<void>((resolve) => nextTurn(resolve));
  }

  /** All nodes as domain 0 sees them. */
  async nodes(): Promise<string[]> {
    const store = this.#observer;
    return await Promise.all(PATHS.map(async (path) => {
      const node = Promise.all([store.readText(path), store.permissions(path), store.list(path)]);
      const found = await outcomeOf(node.then(([value, permissions, names]) => {
        return [value, permissions.map(({ domid, access }) => `${access} ${domid}`), names.sort()].join(" | ");
      }));
      return found === "not-found" ? "none" : found;
    }));
  }

  /** Closes everything that lives. Throws if anything is left. */
  finish(): void {
    for (const { store } of this.programs) store.close();
    this.#observer.close();
    this.xen.assertClean();
  }
}

async function ask(store: StoreTransaction, path: string, request: Request): Promise<unknown> {
  switch (request.op) {
    case "read":
      return await store.readText(path);
    case "list":
      return (await store.list(path)).sort().join();
    case "permissions":
      return (await store.permissions(path)).map(({ domid, access }) => `${access} ${domid}`).join();
    case "make":
      return await store.mkdir(path);
    case "remove":
      return await store.remove(path);
    case "write":
      return await store.write(path, request.value);
    case "set permissions":
      return await store.setPermissions(path, request.permissions);
  }
}
