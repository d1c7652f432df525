import { describe, expect, test } from "vitest";
import { linuxStoreBackend } from "../../backends/linux/store.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { libc, useFakeLibc } from "../support/fake_libc.ts";
import { storeError } from "../support/store_error.ts";

useFakeLibc();

/** Opens and closes a connection, and returns the call that opened it. */
function opened(paths?: { xenbus?: string; xenstored?: string }): string | undefined {
  libc.xenstore = [];
  const backend = linuxStoreBackend(libc, paths);
  expect(libc.log).toEqual([]);
  backend.open().close();
  expect(libc.log[0]).toContain(backend.name);
  return libc.log[0];
}

describe("XenStore is reached through", () => {
  test("the device, if nothing is said", () => {
    expect(opened()).toBe("open /dev/xen/xenbus nonblocking");
  });

  test("the socket of the option `xenstored`", () => {
    libc.variables = { XENSTORED_PATH: "/other" };
    expect(opened({ xenstored: "/run/xenstored/socket" })).toBe("connect /run/xenstored/socket");
  });

  test("the device of the option `xenbus`, whatever the environment says", () => {
    libc.variables = { XENSTORED_PATH: "/other" };
    expect(opened({ xenbus: "/dev/xenbus" })).toBe("open /dev/xenbus nonblocking");
  });

  test("the socket in XENSTORED_PATH", () => {
    libc.variables = { XENSTORED_PATH: "/tmp/socket", XENSTORED_RUNDIR: "/tmp/folder" };
    expect(opened()).toBe("connect /tmp/socket");
  });

  test("the socket in the folder XENSTORED_RUNDIR", () => {
    libc.variables = { XENSTORED_PATH: "", XENSTORED_RUNDIR: "/tmp/folder" };
    expect(opened()).toBe("connect /tmp/folder/socket");
  });
});

test("the environment is read at the first open(), and not again", () => {
  const backend = linuxStoreBackend(libc);
  expect(backend.name).toBe("/dev/xen/xenbus");
  libc.variables = { XENSTORED_PATH: "/tmp/socket" };
  backend.open().close();
  libc.variables = {};
  backend.open().close();
  expect(backend.name).toBe("/tmp/socket");
  expect(libc.log.filter((line) => line === "connect /tmp/socket")).toHaveLength(2);
});

test.each([["permission", "permission"], ["unsupported", "unsupported"], ["backend-failed", "unsupported"]] as const)(
  "open() throws a StoreError when the C library cannot be loaded: %s",
  (grantCode, code) => {
    const cause = new Error("no");
    libc.open = libc.connect = libc.environment = () => {
      throw new GrantError("Cannot use Xen's devices: no.", { code: grantCode, operation: "open", cause });
    };
    for (const paths of [{}, { xenbus: "/dev/a" }, { xenstored: "/b" }]) {
      const error = storeError(() => linuxStoreBackend(libc, paths).open());
      expect(error).toMatchObject({ code, operation: "open", message: "Cannot use Xen's devices: no.", cause });
    }
  },
);

test("open() lets other errors pass", () => {
  libc.environment = () => {
    throw new TypeError("no");
  };
  expect(() => linuxStoreBackend(libc).open()).toThrow(TypeError);
});
