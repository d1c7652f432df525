import { describe, expect, test, vi } from "vitest";
import { storeSocketBackend } from "../../backends/linux/store_socket.ts";
import { Errno } from "../../src/contract/errno.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import type { StoreConnection } from "../../src/contract/store_backend.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { libc, useFakeLibc } from "../support/fake_libc.ts";
import { storeError } from "../support/store_error.ts";
import { message, takeAll } from "../support/store_messages.ts";

const { READ, WRITE } = StoreMessage;
const PATH = "/run/xenstored/socket";
const ENOBUFS = 105;

useFakeLibc();

const turn = () => new Promise<void>(nextTurn);

function open() {
  const connection = storeSocketBackend(libc, PATH).open();
  libc.log = [];
  return connection;
}

/** What was sent, as one stream. */
const sent = () => libc.log.filter((line) => line.startsWith("send ")).map((line) => line.split(" ")[2]);

describe("open()", () => {
  test("connects to the socket, and close() closes the connection", () => {
    const backend = storeSocketBackend(libc, PATH);
    expect(backend.name).toBe(PATH);
    backend.open().close();
    expect(libc.log).toEqual([`connect ${PATH}`, "close 3"]);
    expect(libc.openFiles).toBe(0);
  });

  test.each(["ECONNREFUSED", "EAGAIN", "EINTR"] as const)("tries again after %s", (name) => {
    for (let i = 0; i < 3; i++) libc.fail("connect", Errno[name]);
    storeSocketBackend(libc, PATH).open().close();
    expect(libc.log.filter((line) => line.startsWith("connect"))).toHaveLength(4);
  });

  test.each(
    [
      ["ECONNREFUSED", "no-device", "no daemon listens there (ECONNREFUSED). Start xenstored"],
      ["EAGAIN", "timed-out", "the daemon accepts no connections"],
    ] as const,
  )("gives up when %s does not pass", (name, code, text) => {
    for (let i = 0; i < 100; i++) libc.fail("connect", Errno[name]);
    const error = storeError(() => storeSocketBackend(libc, PATH).open());
    expect(error).toMatchObject({ code, operation: "open" });
    expect(error.message).toContain(text);
  });

  test.each(
    [
      ["ENOENT", "no-device", "XENSTORED_PATH"],
      ["EACCES", "permission", "Run as root"],
      ["EMFILE", "refused", "ulimit -n"],
      ["EIO", "refused", "the socket answered with an error (EIO)"],
    ] as const,
  )("throws at once when it fails with %s", (name, code, text) => {
    libc.fail("connect", Errno[name]);
    const error = storeError(() => storeSocketBackend(libc, PATH).open());
    expect(error).toMatchObject({ code, operation: "open" });
    expect(error.message).toContain(text);
    expect(error.message).not.toContain("udev");
    expect(libc.log).toEqual([`connect ${PATH}`]);
  });

  test("refuses a path that no socket can have, in bytes", () => {
    storeSocketBackend(libc, `/${"é".repeat(53)}`).open();
    expect(storeError(() => storeSocketBackend(libc, `/${"é".repeat(53)}x`).open())).toMatchObject({
      code: "unsupported",
      operation: "open",
      message: expect.stringContaining("the path of a socket may have 107 bytes, and this one has 108."),
    });
    expect(libc.log).toHaveLength(1);
  });
});

describe("send()", () => {
  test("takes a payload of 4096 bytes, and refuses one more", () => {
    const connection = open();
    expect([connection.maxPayload, connection.maxInFlight]).toEqual([4096, Infinity]);
    connection.send(message(WRITE, "x".repeat(4096)));
    expect(() => connection.send(message(WRITE, "x".repeat(4097)))).toThrow(RangeError);
    expect(libc.log).toHaveLength(1);
  });

  test("sends the rest later, in order, when the socket has no room for all", async () => {
    const connection = open();
    const [first, second] = [message(READ, "first\0", 1), message(READ, "second\0", 2)];
    libc.sends = [3, 5];
    connection.send(first);
    connection.send(second);
    first.fill(0); // it belongs to the caller again
    expect(libc.log).toHaveLength(1);
    await vi.waitFor(() => expect(libc.log).toHaveLength(3));
    const [whole, next] = [message(READ, "first\0", 1).toHex(), message(READ, "second\0", 2).toHex()];
    expect(sent()).toEqual([whole, whole.slice(6) + next, whole.slice(16) + next]);
  });

  test("a request of a later turn does not get into the middle of one that is half sent", async () => {
    const connection = open();
    const [first, second] = [message(READ, "first\0", 1), message(READ, "second\0", 2)];
    libc.sends = [3];
    connection.send(first);
    await turn();
    connection.send(second);
    const rest = first.toHex().slice(6) + second.toHex();
    await vi.waitFor(() => expect(sent().slice(1).join("")).toHaveLength(rest.length));
    expect(sent().slice(1).join("")).toBe(rest);
  });

  test.each(
    [
      ["receive()", (connection: StoreConnection) => connection.receive(new Uint8Array(1))],
      ["close()", (connection: StoreConnection) => connection.close()],
    ] as const,
  )("what is left for the end of the turn is sent before %s", (_name, call) => {
    const connection = open();
    const [first, second] = [message(READ, "first\0", 1), message(READ, "second\0", 2)];
    connection.send(first);
    connection.send(second);
    expect(sent()).toEqual([first.toHex()]);
    call(connection);
    expect(libc.log.slice(0, 2)).toEqual([`send 3 ${first.toHex()}`, `send 3 ${second.toHex()}`]);
  });

  test("waits while the socket has no room at all", async () => {
    const connection = open();
    for (let i = 0; i < 3; i++) libc.fail("send", Errno.EAGAIN);
    connection.send(message(READ, "a\0"));
    await vi.waitFor(() => expect(libc.log).toHaveLength(4));
    connection.send(message(READ, "b\0"));
    expect(libc.log).toHaveLength(5);
  });

  test("sends nothing more once the connection is closed", async () => {
    const connection = open();
    libc.sends = [3];
    connection.send(message(READ, "a\0"));
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(libc.log).toEqual([expect.stringMatching(/^send/), "close 3"]);
  });

  test.each(["EPIPE", "ECONNRESET"] as const)("throws disconnected on %s", (name) => {
    const connection = open();
    libc.fail("send", Errno[name]);
    const error = storeError(() => connection.send(message(READ, "a\0")));
    expect(error).toMatchObject({ code: "disconnected", operation: "read" });
  });

  test("leaves it to receive() to find that the connection was lost meanwhile", async () => {
    const connection = open();
    libc.sends = [3];
    connection.send(message(READ, "a\0"));
    libc.fail("send", Errno.EPIPE);
    await vi.waitFor(() => expect(libc.log).toHaveLength(2));
    libc.xenstore = [0];
    expect(storeError(() => connection.receive(new Uint8Array(1))).code).toBe("disconnected");
  });
});

describe("when a send fails in the middle of a request", () => {
  const lost = (operation: string) => ({
    code: "disconnected",
    operation,
    message: `Cannot ${operation}: the connection to XenStore is lost: ${PATH} answered with an error (errno 105). ` +
      "Open another one.",
  });

  /** Sends a request of 25 bytes, of which the socket takes 20 before it fails. */
  function tear() {
    const connection = open();
    const request = message(READ, "12345678\0");
    expect(request).toHaveLength(25);
    libc.sends = [20];
    libc.fail("send", ENOBUFS, 1);
    connection.send(request);
    return connection;
  }
  const whenTorn = () => vi.waitFor(() => expect(sent()).toHaveLength(2));

  test("nothing follows it: send() and receive() throw", async () => {
    const connection = tear();
    await whenTorn();
    libc.log = [];
    for (let time = 0; time < 2; time++) {
      expect(storeError(() => connection.send(message(WRITE, "a\0b")))).toMatchObject(lost("write"));
      expect(storeError(() => connection.receive(new Uint8Array(1)))).toMatchObject(lost("wait"));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    connection.close();
    expect(sent()).toEqual([]);
  });

  test("what was asked for in the same turn is not sent either", async () => {
    const connection = open();
    connection.send(message(READ, "a\0"));
    connection.send(message(READ, "b\0"));
    libc.fail("send", Errno.ENOMEM);
    await turn();
    expect(storeError(() => connection.send(message(READ, "c\0"))).code).toBe("disconnected");
    await turn();
    expect(sent()).toHaveLength(2);
  });

  test("receive() returns first what has arrived", async () => {
    const connection = tear();
    await whenTorn();
    libc.xenstore = [message(READ, "value", 9)];
    const bytes = new Uint8Array(4096);
    expect(connection.receive(bytes)).toBe(21);
    expect(storeError(() => connection.receive(bytes))).toMatchObject(lost("wait"));
  });

  test("whoever waits is called back once, in a later turn", async () => {
    const connection = tear();
    let calls = 0;
    connection.whenReadable(() => calls++);
    let callsAtFailure = -1;
    const send = libc.send.bind(libc);
    libc.send = (fd, bytes) => {
      queueMicrotask(() => callsAtFailure = calls);
      return send(fd, bytes);
    };
    await vi.waitFor(() => expect(calls).toBe(1));
    expect([callsAtFailure, libc.waiting.size]).toEqual([0, 0]);
    await turn();
    expect(calls).toBe(1);
  });

  test("whoever waits from then on is called back in the next turn", async () => {
    const connection = tear();
    await whenTorn();
    let calls = 0;
    connection.whenReadable(() => calls++);
    expect([calls, libc.waiting.size]).toEqual([0, 0]);
    await turn();
    expect(calls).toBe(1);
    connection.whenReadable(() => calls++);
    connection.close();
    await turn();
    expect(calls).toBe(1);
  });

  test("a send that takes nothing ends the connection, too", () => {
    const connection = open();
    libc.fail("send", ENOBUFS);
    for (let time = 0; time < 2; time++) {
      expect(storeError(() => connection.send(message(READ, "a\0")))).toMatchObject(lost("read"));
    }
    expect(sent()).toHaveLength(1);
  });
});

describe("receive()", () => {
  test("returns what has arrived, in any pieces", () => {
    const reply = message(READ, "value", 9);
    libc.xenstore = [reply.slice(0, 5), -Errno.EINTR, reply.slice(5, 18), reply.slice(18)];
    expect(takeAll(open())).toEqual([{ type: READ, request: 9, transaction: 0, text: "value" }]);
  });

  test("throws disconnected when the daemon has closed the socket", () => {
    libc.xenstore = [message(READ, "value"), 0];
    const connection = open();
    expect(connection.receive(new Uint8Array(4096))).toBe(21);
    expect(storeError(() => connection.receive(new Uint8Array(4096)))).toMatchObject({
      code: "disconnected",
      operation: "wait",
      message: `Cannot wait: the connection to XenStore is lost: the other side closed ${PATH}. Open another one.`,
    });
  });

  test("needs room for a byte", () => {
    expect(() => open().receive(new Uint8Array(0))).toThrow(RangeError);
  });
});

describe("whenReadable()", () => {
  test("calls back once, and not once it is stopped or the connection closed", () => {
    const connection = open();
    let calls = 0;
    connection.whenReadable(() => calls++);
    libc.waiting.get(3)!();
    expect(calls).toBe(1);
    connection.whenReadable(() => expect.fail("stopped"))();
    expect(libc.waiting.size).toBe(0);
    connection.whenReadable(() => expect.fail("closed"));
    connection.close();
    expect(libc.waiting.size).toBe(0);
  });

  test("throws when the system cannot wait", () => {
    const connection = open();
    libc.fail("wait", Errno.ENOMEM);
    expect(storeError(() => connection.whenReadable(() => {}))).toMatchObject({ code: "refused", operation: "wait" });
  });
});
