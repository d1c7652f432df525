import { describe, expect, test } from "vitest";
import { linuxEventBackend } from "../../backends/linux/events.ts";
import { Errno } from "../../src/contract/errno.ts";
import { libc, openFile, useFakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";

useFakeLibc();

describe("event channels", () => {
  test("take a call each to be bound, notified and unmasked, and to be unbound with a read", () => {
    const file = openFile(linuxEventBackend);
    expect([file.bindUnbound(3), file.bindInterdomain(2, 7), file.bindVirq(1)]).toEqual([20, 21, 22]);
    file.notify(21);
    file.unmask(20);
    file.unbind(22);
    expect(libc.log).toEqual([
      "ioctl 3 bind for 3",
      "ioctl 3 bind 2:7",
      "ioctl 3 bind VIRQ 1",
      "ioctl 3 notify 21",
      "write 3 20",
      "ioctl 3 unbind 22",
      "read 3",
    ]);
  });

  test("pending() reads once, and returns only ports that are bound", () => {
    const file = openFile(linuxEventBackend);
    const port = file.bindUnbound(3);
    libc.log = [];
    libc.ports = [[7, port], [port]];
    expect(file.pending()).toEqual([port]);
    expect(libc.log).toEqual(["read 3"]);
    expect(file.pending()).toEqual([port]);
    expect(file.pending()).toEqual([]);
  });

  test("unbind() keeps the events of other ports for the next pending()", async () => {
    const file = openFile(linuxEventBackend);
    const [first, second] = [file.bindUnbound(1), file.bindUnbound(1)];
    libc.ports = [[first, second], [first]];
    let called = false;
    file.whenPending(() => called = true);
    file.unbind(first);
    expect(libc.waiting.size).toBe(0);
    expect(called).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).toBe(true);
    libc.log = [];
    expect(file.pending()).toEqual([second]);
    expect(libc.log).toEqual([]);
  });

  test("reset() takes one call, and drops the events that unbind() took out of the ring", () => {
    const file = openFile(linuxEventBackend);
    const [first, second] = [file.bindUnbound(1), file.bindUnbound(1)];
    libc.ports = [[second]];
    file.unbind(first);
    libc.log = [];
    file.reset();
    expect(libc.log).toEqual(["ioctl 3 reset"]);
    expect(file.pending()).toEqual([]);
  });

  test("reset() that the kernel refuses throws, and drops nothing", () => {
    const file = openFile(linuxEventBackend);
    const [first, second] = [file.bindUnbound(1), file.bindUnbound(1)];
    libc.ports = [[second]];
    file.unbind(first);
    libc.fail("ioctl", Errno.ENOTTY);
    expect(grantError(() => file.reset())).toMatchObject({ code: "unsupported", operation: "reset" });
    expect(file.pending()).toEqual([second]);
  });

  test("whenPending() stops waiting when it is stopped, and when the file is closed", () => {
    const file = openFile(linuxEventBackend);
    file.whenPending(() => expect.fail("stopped"))();
    expect(libc.waiting.size).toBe(0);
    file.whenPending(() => expect.fail("closed"));
    file.close();
    expect(libc.waiting.size).toBe(0);
  });

  test.each(
    [
      ["bind", "EINVAL", "port-refused", "Cannot bind port 7 of domain 2: Xen does not know it"],
      ["bind", "ESRCH", "port-refused", "Cannot bind port 7 of domain 2: there is no such domain (ESRCH)."],
      ["bind", "ENOSPC", "port-refused", "max_event_channels"],
      ["bind", "EEXIST", "port-refused", "already bound"],
      ["bind", "ENOMEM", "no-memory", "no memory"],
      ["bind", "EACCES", "permission", "/dev/xen/evtchn"],
      ["bind", "ENOTTY", "unsupported", "driver xen_evtchn"],
      ["notify", "ENOTCONN", "port-refused", "Cannot notify port 20: it is not bound"],
      ["notify", "EIO", "backend-failed", "(EIO)"],
      ["unbind", "ENOTCONN", "port-refused", "Cannot unbind port 20: it is not bound"],
    ] as const,
  )("%s throws when the kernel answers %s", (operation, name, code, text) => {
    const file = openFile(linuxEventBackend);
    const port = file.bindUnbound(1);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => operation === "bind" ? file.bindInterdomain(2, 7) : file[operation](port));
    expect(error).toMatchObject({ code, operation, errno: Errno[name] });
    expect(error.message).toContain(text);
  });

  test.each(
    [
      ["read", "EFBIG", "events-lost", "Cannot take events: the kernel had no room left"],
      ["read", "EIO", "backend-failed", "Cannot take events:"],
      ["write", "EIO", "backend-failed", "Cannot unmask port 20:"],
    ] as const,
  )("throw when %s fails with %s", (call, name, code, text) => {
    const file = openFile(linuxEventBackend);
    const port = file.bindUnbound(1);
    libc.fail(call, Errno[name]);
    const error = grantError(() => call === "read" ? file.pending() : file.unmask(port));
    expect(error).toMatchObject({ code, operation: "wait", errno: Errno[name] });
    expect(error.message).toContain(text);
  });
});
