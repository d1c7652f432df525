import { describe, expect, test } from "vitest";
import { HYPERVISOR_TYPE } from "../../backends/linux/errors.ts";
import { xenbusBackend } from "../../backends/linux/xenbus.ts";
import { ArgumentRangeError } from "../../src/contract/argument_error.ts";
import { Errno } from "../../src/contract/errno.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { libc, openFile, useFakeLibc } from "../support/fake_libc.ts";
import { storeError } from "../support/store_error.ts";
import { message, takeAll } from "../support/store_messages.ts";

const { READ, WRITE, WATCH, UNWATCH, TRANSACTION_END, RESET_WATCHES, WATCH_EVENT, ERROR } = StoreMessage;

useFakeLibc();

function open() {
  libc.xenstore ??= [];
  return openFile(xenbusBackend);
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("open()", () => {
  test("opens the device without blocking, and close() closes it", () => {
    libc.xenstore = [];
    const backend = xenbusBackend(libc);
    expect(backend.name).toBe("/dev/xen/xenbus");
    const connection = backend.open();
    connection.close();
    expect(libc.log).toEqual(["open /dev/xen/xenbus nonblocking", "close 3"]);
    expect(libc.openFiles).toBe(0);
  });

  test.each(["ENOENT", "ENXIO", "ENODEV"] as const)("throws no-device on %s in a Xen domain", (name) => {
    libc.fail("open", Errno[name]);
    expect(storeError(() => xenbusBackend(libc).open())).toMatchObject({
      code: "no-device",
      operation: "open",
      message: `Cannot open /dev/xen/xenbus: this domain has no connection to XenStore yet (${name}). ` +
        "In domain 0, start xenstored. In a container, pass the device in.",
    });
  });

  test("points to the mock where there is no Xen", () => {
    delete libc.texts[HYPERVISOR_TYPE];
    libc.fail("open", Errno.ENOENT);
    const error = storeError(() => xenbusBackend(libc, "/dev/other").open());
    expect(error).toMatchObject({ code: "no-device", operation: "open" });
    expect(error.message).toContain(
      "Cannot open /dev/other: according to /sys/hypervisor/type, this system is not a Xen",
    );
    expect(error.message).toContain("MockXen");
  });

  test.each(
    [
      ["EACCES", "permission", 'KERNEL=="xen/xenbus"'],
      ["EPERM", "permission", "Run as root"],
      ["EMFILE", "refused", "ulimit -n"],
      ["ENFILE", "refused", "/proc/sys/fs/file-max"],
      ["EIO", "refused", "(EIO)"],
    ] as const,
  )("throws when it fails with %s", (name, code, text) => {
    libc.fail("open", Errno[name]);
    const error = storeError(() => xenbusBackend(libc).open());
    expect(error).toMatchObject({ code, operation: "open" });
    expect(error.message).toContain(text);
  });
});

describe("send()", () => {
  test("writes one message with one call", () => {
    const connection = open();
    connection.send(message(READ, "domid\0", 7));
    expect(libc.log).toEqual(["write 3 02000000" + "07000000" + "00000000" + "06000000" + "646f6d696400"]);
  });

  test("takes a payload of 4080 bytes, and refuses one more", () => {
    const connection = open();
    expect([connection.maxPayload, connection.maxInFlight]).toEqual([4080, 1]);
    connection.send(message(WRITE, "x".repeat(4080)));
    expect(() => connection.send(message(WRITE, "x".repeat(4081)))).toThrow(
      new ArgumentRangeError("Cannot send a request as it must have from 16 to 4096 bytes: current value is 4097"),
    );
    expect(libc.log).toHaveLength(1);
  });

  test("refuses what is not one whole message", () => {
    const connection = open();
    const two = new Uint8Array([...message(READ, "a\0"), ...message(READ, "b\0")]);
    for (const bytes of [new Uint8Array(15), two, message(READ, "a\0").slice(0, -1)]) {
      expect(() => connection.send(bytes)).toThrow(RangeError);
    }
    expect(libc.log).toEqual([]);
  });

  test.each([
    ["RESET_WATCHES", RESET_WATCHES, 0, "ENOSYS"],
    ["TRANSACTION_END without a transaction", TRANSACTION_END, 0, "ENOENT"],
  ])("answers %s itself, as the kernel would do harm with it", (_what, type, transaction, name) => {
    const connection = open();
    connection.send(message(type, "T\0", 5, transaction));
    expect(libc.log).toEqual([]);
    expect(takeAll(connection)).toEqual([{ type: ERROR, request: 5, transaction, text: `${name}\0` }]);
  });

  test("lets the end of a transaction pass", () => {
    open().send(message(TRANSACTION_END, "T\0", 5, 9));
    expect(libc.log).toHaveLength(1);
  });

  test.each(
    [
      [WATCH, "ENOSPC", "ENOSPC"],
      [WATCH, "E2BIG", "E2BIG"],
      [UNWATCH, "EINVAL", "EINVAL"],
      [WATCH, "EILSEQ", "EINVAL"],
      [WATCH, "ENOMEM", "ENOMEM"],
      [READ, "ENOMEM", "ENOMEM"],
    ] as const,
  )("makes a reply of an errno: request of type %i, %s", (type, errno, name) => {
    const connection = open();
    libc.fail("write", Errno[errno]);
    connection.send(message(type, "a\0b\0", 12));
    expect(takeAll(connection)).toEqual([{ type: ERROR, request: 12, transaction: 0, text: `${name}\0` }]);
    connection.send(message(READ, "a\0"));
  });

  test("makes a reply of an errno that has no name", () => {
    const connection = open();
    libc.fail("write", 71);
    connection.send(message(WATCH, "a\0b\0", 12));
    expect(takeAll(connection)).toMatchObject([{ type: ERROR, text: "EIO\0" }]);
  });

  test.each([[READ, "EIO", "read"], [WATCH, "EBADF", "watch"], [RESET_WATCHES + 9, "EIO", "write"]] as const)(
    "throws disconnected when the kernel refuses a request of type %i with %s",
    (type, errno, operation) => {
      const connection = open();
      libc.fail("write", Errno[errno]);
      expect(storeError(() => connection.send(message(type, "a\0b\0")))).toMatchObject({
        code: "disconnected",
        operation,
        message: `Cannot ${operation}: the connection to XenStore is lost: /dev/xen/xenbus answered with an error ` +
          `(${errno}). Open another one.`,
      });
    },
  );
});

describe("receive()", () => {
  test("returns what the kernel has, and 0 when it has nothing", () => {
    libc.xenstore = [message(READ, "7"), -Errno.EINTR, message(READ, "8", 2)];
    const connection = open();
    expect(takeAll(connection).map(({ text }) => text)).toEqual(["7", "8"]);
    expect(connection.receive(new Uint8Array(1))).toBe(0);
  });

  test("never reads 0 bytes", () => {
    const connection = open();
    expect(() => connection.receive(new Uint8Array(0))).toThrow(RangeError);
    expect(libc.log).toEqual([]);
  });

  test.each([[0, "the other side closed /dev/xen/xenbus"], [-Errno.EIO, "answered with an error (EIO)"]])(
    "throws disconnected when a read returns %i",
    (result, text) => {
      libc.xenstore = [result];
      const error = storeError(() => open().receive(new Uint8Array(10)));
      expect(error).toMatchObject({ code: "disconnected", operation: "wait" });
      expect(error.message).toContain(text);
    },
  );

  test.each([1, 3, 15, 16, 17, 4096])(
    "returns a made reply between two messages of the kernel, in pieces of %i bytes",
    (size) => {
      const event = message(WATCH_EVENT, "a\0token\0", 0);
      libc.xenstore = [event];
      const connection = open();
      const first = new Uint8Array(size);
      const got = connection.receive(first);
      libc.fail("write", Errno.ENOSPC);
      connection.send(message(WATCH, "b\0token\0", 3));
      libc.xenstore.push(message(READ, "value", 4));

      const received = [...first.subarray(0, got)];
      const piece = new Uint8Array(size);
      for (let more; (more = connection.receive(piece)) > 0;) received.push(...piece.subarray(0, more));
      expect(received).toEqual([
        ...event,
        ...message(ERROR, "ENOSPC\0", 3),
        ...message(READ, "value", 4),
      ]);
    },
  );
});

describe("whenReadable()", () => {
  test("calls back when the device is readable", () => {
    const connection = open();
    let calls = 0;
    connection.whenReadable(() => calls++);
    libc.waiting.get(3)!();
    expect(calls).toBe(1);
    expect(libc.log).toEqual(["wait 3"]);
  });

  test("does not call back once it is stopped, or the connection closed", () => {
    const connection = open();
    const stop = connection.whenReadable(() => expect.fail("stopped"));
    stop();
    stop();
    expect(libc.waiting.size).toBe(0);
    connection.whenReadable(() => expect.fail("closed"));
    connection.close();
    expect(libc.waiting.size).toBe(0);
  });

  test("calls back in a later turn when a made reply is here", async () => {
    const connection = open();
    connection.send(message(RESET_WATCHES, "\0"));
    let called = false;
    connection.whenReadable(() => called = true);
    await Promise.resolve();
    expect(called).toBe(false);
    await nextTurn();
    expect(called).toBe(true);
    connection.whenReadable(() => expect.fail("stopped"))();
    await nextTurn();
  });

  test("calls back once when replies are made while it waits", async () => {
    const connection = open();
    let calls = 0;
    connection.whenReadable(() => calls++);
    connection.send(message(RESET_WATCHES, "\0", 1));
    connection.send(message(RESET_WATCHES, "\0", 2));
    expect([libc.waiting.size, calls]).toEqual([0, 0]);
    await nextTurn();
    expect(calls).toBe(1);
    expect(takeAll(connection)).toHaveLength(2);
  });

  test("throws when the system cannot wait", () => {
    const connection = open();
    libc.fail("wait", Errno.ENOMEM);
    expect(storeError(() => connection.whenReadable(() => {}))).toMatchObject({
      code: "refused",
      operation: "wait",
      message: "Cannot wait for /dev/xen/xenbus: the system refused (ENOMEM). Open another XenStore.",
    });
  });
});

test("a closed connection uses no descriptor, which may be another file's", () => {
  const connection = open();
  connection.close();
  libc.log = [];
  connection.receive(new Uint8Array(1));
  expect(libc.log).toEqual(["read -1"]);
});
