import { type StorePermission, XenStore } from "@gntalloc/gntalloc/xenstore";
import { UsageError } from "../exit.ts";
import { hold } from "../hold.ts";
import type { Host } from "../host.ts";
import { at, type Performance, type PlaceOptions } from "../place.ts";
import { printable, quoted } from "../printable.ts";
import { MAX_MESSAGE, readAccess } from "../store_access.ts";
import { readContent, readDomid, readDuration } from "../values.ts";

/** The options of the commands of `store`. */
export interface StoreCommandOptions extends PlaceOptions {
  readonly recursive?: boolean;
  readonly raw?: boolean;
  readonly for?: string;
}

/** Runs a body with a connection to XenStore. */
function withStore(
  host: Host,
  options: StoreCommandOptions,
  body: (store: XenStore, signal: AbortSignal, play: Performance["play"]) => Promise<void>,
): Promise<void> {
  return at(host, options, 0, async ({ place: { domain }, signal, play }) => {
    const store = await XenStore.open(domain, { signal });
    try {
      await body(store, signal, play);
    } finally {
      store.close();
    }
  });
}

/** Lists the nodes below a path: their names or, with `--recursive`, all of them with their values. */
export function list(host: Host, path: string, options: StoreCommandOptions): Promise<void> {
  return withStore(host, options, async (store, signal) => {
    if (options.recursive) await listAll(host, store, path, "", signal);
    else for (const name of await store.list(path, { signal })) await host.out(`${name}\n`);
  });
}

async function listAll(host: Host, store: XenStore, path: string, indent: string, signal: AbortSignal): Promise<void> {
  for (const name of await store.list(path, { signal })) {
    const child = path === "/" ? `/${name}` : `${path}/${name}`;
    let value: string;
    try {
      value = quoted(await store.readText(child, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      // One node that may not be read does not hide the others.
      await host.out(`${indent}${name}: ${(error as { code?: string }).code ?? "unreadable"}\n`);
      continue;
    }
    await host.out(`${indent}${name} = ${value}\n`);
    await listAll(host, store, child, `${indent}  `, signal);
  }
}

/** Prints the value of a node. */
export function read(host: Host, path: string, options: StoreCommandOptions): Promise<void> {
  return withStore(host, options, async (store, signal) => {
    if (options.raw) await host.out(await store.read(path, { signal }));
    else await host.out(`${printable(await store.readText(path, { signal }))}\n`);
  });
}

/** Writes a node. */
export function write(host: Host, path: string, value: string, options: StoreCommandOptions): Promise<void> {
  const content = readContent(value, MAX_MESSAGE);
  return withStore(host, options, (store, signal) => store.write(path, content, { signal }));
}

/** Removes a node and all that is below. */
export function remove(host: Host, path: string, options: StoreCommandOptions): Promise<void> {
  return withStore(host, options, (store, signal) => store.remove(path, { signal }));
}

/** Prints each path that changes, as XenStore tells it: the first one at once. */
export function watch(host: Host, path: string, options: StoreCommandOptions): Promise<void> {
  const milliseconds = options.for === undefined ? undefined : readDuration(options.for, "--for");
  return withStore(host, options, async (store, signal, play) => {
    const watching = store.watch(path, { signal });
    // The first event says that the watch is there.
    const first = await watching.next();
    if (first.value !== undefined) await host.out(`${first.value}\n`);
    const print = async () => {
      for await (const changed of watching) await host.out(`${changed}\n`);
    };
    const printed = print();
    const ended = new AbortController();
    printed.catch(() => ended.abort());
    await hold(host, { milliseconds, signal: AbortSignal.any([signal, ended.signal]), played: play() });
    // A request behind what the script did last: its events come first.
    if (!signal.aborted && !ended.signal.aborted) await store.ownDomid({ signal });
    watching.close();
    await printed;
    signal.throwIfAborted();
  });
}

/** Prints who may do what with a node, or sets it: `DOMID:ACCESS`, the owner first. */
export function permissions(
  host: Host,
  path: string,
  given: readonly string[],
  options: StoreCommandOptions,
): Promise<void> {
  const wanted = given.map(readPermission);
  return withStore(host, options, async (store, signal) => {
    if (wanted.length > 0) return await store.setPermissions(path, wanted, { signal });
    const [owner, ...others] = await store.permissions(path, { signal });
    await host.out(`${owner!.domid}:${owner!.access}\towner; others: ${owner!.access}\n`);
    for (const { domid, access } of others) await host.out(`${domid}:${access}\n`);
  });
}

function readPermission(text: string): StorePermission {
  const [, domid, access] = /^(\d+):(\w+)$/.exec(text) ?? [];
  if (domid === undefined) {
    throw new UsageError(
      `Cannot set the rights as each must be DOMID:ACCESS, such as 1:none 0:read: current value is "${text}"`,
    );
  }
  return { domid: readDomid(domid), access: readAccess(access!) };
}
