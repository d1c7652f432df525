/**
 * Node's connections to XenStore: through the device, over the shim, and through a socket of this process. Argument: the
 * path of the shim.
 */

import type { StoreConnection } from "@gntalloc/gntalloc/node";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import { Shim } from "./shim.ts";
import { outcomeOf } from "./tests.ts";

const libc = process.argv[2]!;
const shim = new Shim(libc);
const READ = 2;
const ERROR = 16;
const HEADER_SIZE = 16;

/** Returns a request that reads a node. */
function readRequest(path: string): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(`${path}\0`);
  const request = new Uint8Array(HEADER_SIZE + payload.length);
  request.set(new Uint8Array(Uint32Array.of(READ, 7, 0, payload.length).buffer));
  request.set(payload, HEADER_SIZE);
  return request;
}

/** Waits for one message. */
async function receive(connection: StoreConnection): Promise<{ type: number; request: number; text: string }> {
  const bytes = new Uint8Array(HEADER_SIZE + 4096);
  const view = new DataView(bytes.buffer);
  let size = 0;
  while (size < HEADER_SIZE || size < HEADER_SIZE + view.getUint32(12, true)) {
    const got = connection.receive(bytes.subarray(size));
    size += got;
    if (got === 0) await new Promise<void>((resolve) => void connection.whenReadable(resolve));
  }
  const text = new TextDecoder().decode(bytes.subarray(HEADER_SIZE, size));
  return { type: view.getUint32(0, true), request: view.getUint32(4, true), text };
}

/** Listens on a socket while `use` runs. */
async function withServer(onSocket: (socket: Socket) => void, use: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/gntalloc-store-`);
  const path = `${folder}/socket`;
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {}); // the other side may end with bytes under way
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await use(path);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  }
}

const outcome = await outcomeOf((register) => {
  const test = (name: string, run: () => Promise<void>) => {
    register(name, async () => {
      shim.reset();
      await run();
      shim.assertClean();
    });
  };

  test("the device answers requests", async () => {
    shim.pvh(7);
    const connection = nodeDomain({ libc }).store.open();
    connection.send(readRequest("domid"));
    assert.deepEqual(await receive(connection), { type: READ, request: 7, text: "7" });
    connection.send(readRequest("nothing"));
    assert.deepEqual(await receive(connection), { type: ERROR, request: 7, text: "ENOENT\0" });
    connection.close();
  });

  test("the socket takes and returns bytes as they are", async () => {
    await withServer((socket) => socket.pipe(socket), async (path) => {
      const connection = nodeDomain({ xenstored: path }).store.open();
      connection.send(readRequest("a/b"));
      assert.deepEqual(await receive(connection), { type: READ, request: 7, text: "a/b\0" });
      connection.close();
    });
  });

  test("the environment names the socket", async () => {
    await withServer((socket) => socket.pipe(socket), (path) => {
      process.env.XENSTORED_PATH = path;
      const { store } = nodeDomain({ libc: "libc.so.6" });
      try {
        store.open().close();
      } finally {
        delete process.env.XENSTORED_PATH;
      }
      assert.equal(store.name, path);
      return Promise.resolve();
    });
  });

  test("a closed socket ends a wait, and receive() says so", async () => {
    await withServer((socket) => socket.end(), async (path) => {
      const connection = nodeDomain({ xenstored: path }).store.open();
      await new Promise<void>((resolve) => void connection.whenReadable(resolve));
      assert.throws(() => connection.receive(new Uint8Array(1)), { name: "StoreError", code: "disconnected" });
      connection.close();
    });
  });

  test("open() says what to do when there is no socket", () => {
    assert.throws(() => nodeDomain({ xenstored: "/nowhere/socket" }).store.open(), {
      name: "StoreError",
      code: "no-device",
      message: /^Cannot open \/nowhere\/socket: there is no such socket \(ENOENT\)\. Start xenstored/,
    });
    return Promise.resolve();
  });
});
console.log(JSON.stringify(outcome));
