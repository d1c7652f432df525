import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import type { StoreConnection } from "../../src/contract/store_backend.ts";
import { programResult, runProgram } from "../support/shim/program.ts";
import { useShim } from "../support/shim/use_shim.ts";
import { storeError } from "../support/store_error.ts";
import { Joiner, message, readable, takeAll, type TextMessage } from "../support/store_messages.ts";

const { READ, WRITE, ERROR, RESET_WATCHES } = StoreMessage;
const used = useShim();

/** Waits for messages. */
async function receive(connection: StoreConnection, count = 1): Promise<TextMessage[]> {
  const joiner = new Joiner();
  const piece = new Uint8Array(4096);
  const messages: TextMessage[] = [];
  while (messages.length < count) {
    const got = connection.receive(piece);
    if (got === 0) await readable(connection);
    else messages.push(...joiner.add(piece.subarray(0, got)));
  }
  return messages;
}

/** Listens on a socket while `use` runs. */
async function withServer(onSocket: (socket: Socket) => void, use: (path: string) => Promise<void>): Promise<void> {
  const path = `${used.directory}/socket`;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
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
  }
}

describe("the device", () => {
  const open = () => denoDomain({ libc: used.libc }).store.open();

  test("answers requests, which a wait does not block", async () => {
    used.shim.domid(7);
    const connection = open();
    expect(connection.receive(new Uint8Array(10))).toBe(0);
    connection.send(message(READ, "domid\0", 3));
    expect(await receive(connection)).toEqual([{ type: READ, request: 3, transaction: 0, text: "7" }]);
    connection.send(message(READ, "nothing\0", 4));
    connection.send(message(READ, "domid\0", 5));
    expect((await receive(connection, 2)).map(({ type, request }) => [type, request])).toEqual([[ERROR, 4], [READ, 5]]);
    connection.close();
  });

  test("leaves it to this process to answer what would do harm", async () => {
    used.shim.domid(7);
    const connection = open();
    const waiting = readable(connection);
    connection.send(message(RESET_WATCHES, "\0", 3));
    await waiting;
    expect(takeAll(connection)).toMatchObject([{ type: ERROR, request: 3, text: "ENOSYS\0" }]);
    connection.close();
  });

  test("is missing where there is no XenStore", () => {
    expect(storeError(open)).toMatchObject({ code: "no-device", operation: "open" });
  });
});

describe("the socket", () => {
  test("takes and returns bytes as they are, from any number of requests", async () => {
    await withServer((socket) => socket.pipe(socket), async (path) => {
      const connection = denoDomain({ xenstored: path }).store.open();
      const texts = Array.from({ length: 16 }, (_, i) => String(i).repeat(2000));
      for (const [i, text] of texts.entries()) connection.send(message(WRITE, text, i));
      expect((await receive(connection, 16)).map(({ text }) => text)).toEqual(texts);
      connection.close();
    });
  });

  test("keeps requests that its buffer has no room for, and sends them in order", async () => {
    const sockets: Socket[] = [];
    await withServer((socket) => void sockets.push(socket.pause()), async (path) => {
      const connection = denoDomain({ xenstored: path }).store.open();
      for (let i = 0; i < 300; i++) connection.send(message(WRITE, String(i).padEnd(4096), i));
      while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      sockets[0]!.pipe(sockets[0]!);
      const replies = await receive(connection, 300);
      expect(replies.map(({ request, text }) => [request, Number(text)])).toEqual(
        Array.from({ length: 300 }, (_, i) => [i, i]),
      );
      connection.close();
    });
  });

  test("joins a reply that comes in pieces", async () => {
    const reply = message(READ, "a value", 9);
    const send = async (socket: Socket) => {
      for (const byte of reply) {
        socket.write(Uint8Array.of(byte));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await withServer((socket) => void send(socket), async (path) => {
      const connection = denoDomain({ xenstored: path }).store.open();
      expect(await receive(connection)).toEqual([{ type: READ, request: 9, transaction: 0, text: "a value" }]);
      connection.close();
    });
  });

  test("ends a wait when the daemon closes it, and receive() says so", async () => {
    await withServer((socket) => socket.end(message(READ, "last", 1)), async (path) => {
      const connection = denoDomain({ xenstored: path }).store.open();
      expect(await receive(connection)).toMatchObject([{ text: "last" }]);
      await readable(connection);
      expect(storeError(() => connection.receive(new Uint8Array(1))).code).toBe("disconnected");
      connection.close();
    });
  });

  test("is refused by name when there is none, and when nobody listens on it", async () => {
    const path = `${used.directory}/left`;
    const error = () => storeError(() => denoDomain({ xenstored: path }).store.open());
    expect(error()).toMatchObject({ code: "no-device", message: expect.stringContaining("no such socket (ENOENT)") });
    // Node removes the path of a server that it closes. So move the socket away in time.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${path}-first`, resolve));
    await Deno.rename(`${path}-first`, path);
    await new Promise((resolve) => server.close(resolve));
    expect(error()).toMatchObject({ code: "no-device", message: expect.stringContaining("(ECONNREFUSED)") });
    await Deno.remove(path);
  });

  test("needs no permission but --allow-ffi, and neither do the variables that name it", async () => {
    await withServer((socket) => socket.pipe(socket), async (path) => {
      const result = await programResult("store.ts", ["--allow-ffi"], [], { env: { XENSTORED_PATH: path } });
      expect(result).toEqual({ name: path, text: "from a program" });
    });
  });

  test("keeps a program alive while it waits, and only then", async () => {
    await withServer((socket) => socket.pipe(socket), async (path) => {
      const signal = AbortSignal.timeout(20_000);
      const ended = await runProgram("store.ts", ["--allow-ffi"], ["do not wait"], {
        env: { XENSTORED_PATH: path },
        signal,
      });
      expect([ended.code, ended.stdout]).toEqual([0, ""]);
    });
  });
});

test("without --allow-ffi, open() throws a StoreError", async () => {
  const { stdout } = await runProgram("store.ts", [], ["error"]);
  expect(JSON.parse(stdout)).toMatchObject({ code: "permission", operation: "open" });
});
