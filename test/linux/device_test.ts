import { describe, expect, test } from "vitest";
import { HYPERVISOR_TYPE } from "../../backends/linux/errors.ts";
import { linuxEventBackend } from "../../backends/linux/events.ts";
import { linuxGrantBackend } from "../../backends/linux/grants.ts";
import { linuxMapBackend } from "../../backends/linux/maps.ts";
import { Errno } from "../../src/contract/errno.ts";
import { libc, useFakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";

useFakeLibc();

describe.each([
  { make: linuxGrantBackend, path: "/dev/xen/gntalloc" },
  { make: linuxMapBackend, path: "/dev/xen/gntdev" },
])("open() of $path on a kernel with pages of other sizes", ({ make, path }) => {
  test.each([16384, 65536])("throws unsupported and leaves nothing open when they have %i bytes", (size) => {
    libc.pageBytes = size;
    expect(grantError(() => make(libc).open())).toMatchObject({
      code: "unsupported",
      operation: "open",
      message: `Cannot open ${path}: the kernel has pages of ${size} bytes, and Xen's grants are of 4096. ` +
        "Boot a kernel with pages of 4 KiB, on aarch64 one that is built with CONFIG_ARM64_4K_PAGES.",
    });
    expect(libc.log).toEqual([`open ${path}`, "close 3"]);
  });

  test("throws no-device when there is no such device either", () => {
    libc.pageBytes = 65536;
    libc.fail("open", Errno.ENOENT);
    expect(grantError(() => make(libc).open()).code).toBe("no-device");
  });
});

test("open() of /dev/xen/evtchn works on a kernel with pages of 64 KiB", () => {
  libc.pageBytes = 65536;
  linuxEventBackend(libc).open().close();
});

describe.each([
  { make: linuxGrantBackend, path: "/dev/xen/gntalloc", driver: "xen_gntalloc" },
  { make: linuxMapBackend, path: "/dev/xen/gntdev", driver: "xen_gntdev" },
  { make: linuxEventBackend, path: "/dev/xen/evtchn", driver: "xen_evtchn", how: " nonblocking" },
])("open() of $path", ({ make, path, driver, how = "" }) => {
  test("opens the device of its name", () => {
    const backend = make(libc);
    expect(backend.name).toBe(path);
    expect(libc.log).toEqual([]);
    backend.open();
    expect(libc.log).toEqual([`open ${path}${how}`]);
  });

  test("opens another device when a path is given", () => {
    const backend = make(libc, "/dev/other");
    expect(backend.name).toBe("/dev/other");
    backend.open();
    expect(libc.log).toEqual([`open /dev/other${how}`]);
  });

  test("is undone by close(), with one call", () => {
    const file = make(libc).open();
    libc.log = [];
    file.close();
    expect(libc.log).toEqual(["close 3"]);
    expect(libc.openFiles).toBe(0);
  });

  test("is followed by a close() that throws when the kernel reports an error", () => {
    const file = make(libc).open();
    libc.fail("close", Errno.EIO);
    expect(grantError(() => file.close())).toMatchObject({
      code: "backend-failed",
      operation: "close",
      errno: Errno.EIO,
      message: `Cannot close ${path}: ${path} answered with an error (EIO).`,
    });
  });

  test.each(["ENOENT", "ENXIO", "ENODEV"] as const)(
    "names the module to load when it fails with %s in a Xen domain",
    (name) => {
      libc.fail("open", Errno[name]);
      expect(grantError(() => make(libc).open())).toMatchObject({
        code: "no-device",
        operation: "open",
        errno: Errno[name],
        message:
          `Cannot open ${path}: there is no such device (${name}). Load its driver with \`modprobe ${driver}\`. ` +
          "In a container, pass the device in.",
      });
    },
  );

  test.each([undefined, "kvm\n", ""])("points to the mock when the type of the hypervisor is %j", (type) => {
    delete libc.texts[HYPERVISOR_TYPE];
    if (type !== undefined) libc.texts[HYPERVISOR_TYPE] = type;
    libc.fail("open", Errno.ENOENT);
    const error = grantError(() => make(libc).open());
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain("not a Xen domain");
    expect(error.message).toContain("MockXen");
    expect(error.message).not.toContain("modprobe");
  });

  test.each(["EACCES", "EPERM"] as const)("says who may use the device when it fails with %s", (name) => {
    libc.fail("open", Errno[name]);
    const error = grantError(() => make(libc).open());
    expect(error).toMatchObject({ code: "permission", operation: "open", errno: Errno[name] });
    expect(error.message).toContain(path);
    expect(error.message).toContain("Run as root");
    expect(error.message).toContain(`KERNEL=="${path.slice("/dev/".length)}"`);
  });

  test.each(
    [
      ["EMFILE", "backend-failed", "ulimit -n"],
      ["ENFILE", "backend-failed", "/proc/sys/fs/file-max"],
      ["ENOMEM", "no-memory", "no memory"],
      ["EIO", "backend-failed", "(EIO)"],
    ] as const,
  )("throws when it fails with %s", (name, code, text) => {
    libc.fail("open", Errno[name]);
    const error = grantError(() => make(libc).open());
    expect(error).toMatchObject({ code, operation: "open", errno: Errno[name] });
    expect(error.message).toContain(text);
  });

  test("leaves nothing open when it fails", () => {
    libc.fail("open", Errno.ENOENT);
    grantError(() => make(libc).open());
    expect(libc.openFiles).toBe(0);
  });
});
