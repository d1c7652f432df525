import { MockXen } from "../../backends/mock.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { encodeHeader, HEADER_SIZE, StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

/** What is measured: something that is done and awaited, so often. */
export interface Side {
  readonly name: string;
  readonly work: (times: number) => Promise<void>;
}

const PATH = "data/bench";
const VALUE = "a value of 20 bytes.";
/** How many requests the client sends before the first is answered. */
const MOST = 16;
const IDLE_WATCHES = 100;

/** Prepares all sides: through the socket of a machine without watches, and of one with some. */
export async function prepareSides(): Promise<{ sides: Side[]; close(): void }> {
  const socket = new MockXen().domain(0).storeSocket;
  const plain = await prepare(socket, 0);
  const watched = await prepare(new MockXen().domain(0).storeSocket, IDLE_WATCHES);
  const bytes = socket.open();
  const sides: Side[] = [
    { name: "an awaited promise", work: one(() => Promise.resolve()) },
    { name: "an awaited turn of the event loop", work: one(() => new Promise<void>((resolve) => nextTurn(resolve))) },
    { name: "the bytes of a read, without the client", work: one(exchange(bytes)) },
    ...requests(plain, ""),
    ...requests(watched, `, with ${IDLE_WATCHES} idle watches`),
  ];
  return {
    sides,
    close() {
      for (const store of [plain, watched, bytes]) store.close();
    },
  };
}

function requests(store: XenStore, suffix: string): Side[] {
  const read = () => store.readText(PATH);
  const write = () => store.write(PATH, VALUE);
  return [
    { name: `a read, 1 in flight${suffix}`, work: one(read) },
    { name: `a read, ${MOST} in flight${suffix}`, work: many(read) },
    { name: `a write, 1 in flight${suffix}`, work: one(write) },
    { name: `a write, ${MOST} in flight${suffix}`, work: many(write) },
  ];
}

/** Opens a store, writes the value, and watches what will not change. */
async function prepare(backend: StoreBackend, watches: number): Promise<XenStore> {
  const store = await XenStore.open({ store: backend });
  await store.write(PATH, VALUE);
  for (let number = 0; number < watches; number++) {
    await store.watch(`data/idle/${number}`).next();
  }
  return store;
}

function one(action: () => Promise<unknown>): Side["work"] {
  return async (times) => {
    for (let time = 0; time < times; time++) await action();
  };
}

function many(action: () => Promise<unknown>): Side["work"] {
  return async (times) => {
    for (let time = 0; time < times; time += MOST) await Promise.all(Array.from({ length: MOST }, action));
  };
}

/** Reads a node by the bytes alone: what the machine and the turn of the event loop take. */
function exchange(connection: StoreConnection): () => Promise<void> {
  const payload = new TextEncoder().encode(`${PATH}\0`);
  const message = new Uint8Array(HEADER_SIZE + payload.length);
  encodeHeader(message, StoreMessage.READ, 1, 0, payload.length);
  message.set(payload, HEADER_SIZE);
  const space = new Uint8Array(4096);
  return () =>
    new Promise((resolve) => {
      connection.send(message);
      connection.whenReadable(() => {
        if (connection.receive(space) < HEADER_SIZE) throw new Error("Cannot measure: no reply has come");
        resolve();
      });
    });
}
