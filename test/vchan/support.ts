/** Both sides of a channel on a simulated Xen. */
import { setImmediate } from "node:timers";
import { expect } from "vitest";
import { MockXen, type MockXenOptions } from "../../backends/mock.ts";
import { Vchan, VchanServer, type VchanServerOptions } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

/** A server, its client and the connection between them. */
export interface Pair {
  readonly xen: MockXen;
  readonly server: VchanServer;
  /** The end of the server. */
  readonly ours: Vchan;
  /** The end of the client. */
  readonly theirs: Vchan;
  /** Closes everything, and checks that nothing is left. */
  finish(): Promise<void>;
}

/** Connects domain 0 to domain 1. */
export async function connected(
  options: Partial<VchanServerOptions> = {},
  xenOptions: MockXenOptions = {},
): Promise<Pair> {
  const xen = new MockXen(xenOptions);
  const path = "test";
  const server = await VchanServer.listen(xen.domain(1), 0, { path, ...options });
  const [ours, theirs] = await Promise.all([server.accept(), Vchan.connect(xen.domain(0), 1, { path })]);
  const finish = async () => {
    theirs.close();
    ours.close();
    await server.close();
    xen.assertClean();
  };
  return { xen, server, ours, theirs, finish };
}

/** Bytes that say where they are: each of them from a number that differs every time. */
export function pattern(length: number, first = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (first + index) * 167 + ((first + index) >> 8));
}

/** Reads a number of bytes. */
export async function readExactly(vchan: Vchan, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await vchan.read(all.subarray(at));
    if (count === null) return all.subarray(0, at);
    at += count;
  }
  return all;
}

/** Waits for some turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The name of the channel of tests, and where its keys are. */
export const path = "test";
export const folder = "/local/domain/1/data/vchan/0/test";

/** Listens in domain 1 for domain 0. */
export const listen = (xen: MockXen, options: Partial<VchanServerOptions> = {}) =>
  VchanServer.listen(xen.domain(1), 0, { path, ...options });
/** Connects domain 0 to domain 1. */
export const connect = (xen: MockXen, timeout = 5000) => Vchan.connect(xen.domain(0), 1, { path, timeout });

/** The reference and the port that are published. */
export async function publishedKeys(xen: MockXen): Promise<[gref: string, port: string]> {
  using store = await XenStore.open(xen.domain(0));
  return [await store.readText(`${folder}/ring-ref`), await store.readText(`${folder}/event-channel`)];
}

/** Checks that two ends are connected, and closes them. */
export async function checkTogether(ours: Vchan, theirs: Vchan): Promise<void> {
  await Promise.all([ours.write(pattern(10)), theirs.write(pattern(20))]);
  expect(await readExactly(ours, 20)).toEqual(pattern(20));
  expect(await readExactly(theirs, 10)).toEqual(pattern(10));
  ours.close();
  theirs.close();
}

/** Has a server take the client that connects, checks that they are connected, and ends everything. */
export async function meetAndEnd(xen: MockXen, server: VchanServer, connecting: Promise<Vchan>): Promise<void> {
  const [ours, theirs] = await Promise.all([server.accept(), connecting]);
  await checkTogether(ours, theirs);
  await server.close();
  xen.assertClean();
}
