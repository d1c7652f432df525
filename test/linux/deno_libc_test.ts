import { afterEach, describe, expect, test, vi } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { nodeDomain } from "../../backends/node.ts";
import { exec } from "../../scripts/exec.ts";
import process from "node:process";
import { Errno } from "../../src/contract/errno.ts";
import { grantError } from "../support/grant_error.ts";
import { programResult } from "../support/shim/program.ts";
import { openFiles } from "../support/shim/shim.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();

/** Returns the errors of the first uses of a domain's backends. */
const firstUses = (permissions: string[], args: string[]) => programResult("refused.ts", permissions, args);

describe("the first use throws, and importing and constructing do not,", () => {
  test("without --allow-ffi", async () => {
    const errors = await firstUses([], []);
    expect(errors).toHaveLength(3);
    for (const error of errors) {
      expect(error).toMatchObject({ code: "permission", operation: "open", cause: "NotCapable" });
      expect(error.message).toContain("--allow-ffi, without a path");
    }
  });

  test("with --allow-ffi only for the path of the library", async () => {
    const errors = await firstUses([`--allow-ffi=${used.libc}`], ["", used.libc]);
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error).toMatchObject({ code: "permission", cause: "NotCapable" });
  });

  test.each(["darwin", "windows", "freebsd"])("on %s", async (os) => {
    const errors = await firstUses(["--allow-ffi"], [os]);
    expect(errors).toHaveLength(3);
    for (const error of errors) {
      expect(error).toMatchObject({ code: "unsupported", operation: "open" });
      expect(error.message).toContain(`current system is ${os}`);
    }
  });

  describe("in another runtime", () => {
    afterEach(() => {
      vi.unstubAllGlobals();
    });

    test("with nodeDomain() in Deno", () => {
      const { grants, maps, events } = nodeDomain();
      for (const backend of [grants, maps, events]) {
        expect(grantError(() => backend.open())).toMatchObject({
          code: "unsupported",
          operation: "open",
          message: "Cannot use Xen's devices: this is Deno, not Node. Use denoDomain() of @gntalloc/gntalloc/deno.",
        });
      }
    });

    test.each([
      ["Node", process, "this is not Deno. Use nodeDomain() of @gntalloc/gntalloc/node."],
      ["a browser", undefined, "this is neither Deno nor Node. Use MockXen of @gntalloc/gntalloc/mock."],
    ])("with denoDomain() in %s", (runtime, process, reason) => {
      vi.stubGlobal("Deno", undefined);
      vi.stubGlobal("process", process);
      // A path of its own, so that no library is loaded yet.
      const { grants } = denoDomain({ libc: `in ${runtime}` });
      expect(grantError(() => grants.open())).toMatchObject({
        code: "unsupported",
        operation: "open",
        message: `Cannot use Xen's devices: ${reason}`,
      });
    });
  });

  test("without the library", () => {
    const error = grantError(() => denoDomain({ libc: "/nowhere/libc.so" }).grants.open());
    expect(error).toMatchObject({ code: "unsupported", operation: "open" });
    expect(error.message).toContain("/nowhere/libc.so");
    expect(error.message).toContain("option `libc`");
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("with a library that lacks the calls", async () => {
    const source = `${used.directory}/empty.c`;
    await Deno.writeTextFile(source, "int nothing;\n");
    const args = ["-shared", "-nostdlib", "-o", `${used.directory}/empty.so`, source];
    await exec("gcc", args);
    const error = grantError(() => denoDomain({ libc: `${used.directory}/empty.so` }).maps.open());
    expect(error).toMatchObject({ code: "unsupported", operation: "open" });
  });
});

test("open() throws unsupported when the kernel has pages of 64 KiB", () => {
  used.shim.pageSize(65536);
  const domain = denoDomain({ libc: used.libc });
  for (const backend of [domain.grants, domain.maps]) {
    expect(grantError(() => backend.open())).toMatchObject({ code: "unsupported", operation: "open" });
  }
  domain.events.open().close();
});

describe("with the C library of the system", () => {
  test("no option and no permission but --allow-ffi is needed", async () => {
    const [limit, opened, mapped] = await firstUses(["--allow-ffi"], []);
    expect(limit).toBeNull();
    for (const error of [opened, mapped]) expect([null, "no-device", "permission"]).toContain(error && error.code);
  });

  test("open() throws no-device when the path does not exist", () => {
    const error = grantError(() => denoDomain({ gntalloc: `${used.directory}/gntalloc` }).grants.open());
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain(`Cannot open ${used.directory}/gntalloc:`);
  });

  test("grant() throws unsupported when the device is another one", () => {
    const file = denoDomain({ gntalloc: "/dev/null" }).grants.open();
    const error = grantError(() => file.grant(0, 1, 0, true, new Uint32Array(1)));
    expect(error).toMatchObject({ code: "unsupported", operation: "allocate", errno: Errno.ENOTTY });
    file.close();
  });

  test("map() throws unsupported when the device is another one", () => {
    const file = denoDomain({ gntdev: "/dev/null" }).maps.open();
    const error = grantError(() => file.map(0, [8], false));
    expect(error).toMatchObject({ code: "unsupported", operation: "map", errno: Errno.ENOTTY });
    file.close();
  });

  test("close() closes the file, once", () => {
    const device = `${used.directory}/device`;
    Deno.writeTextFileSync(device, "");
    const file = denoDomain({ gntalloc: device }).grants.open();
    expect(openFiles(device)).toBe(1);
    file.close();
    expect(openFiles(device)).toBe(0);
    expect(grantError(() => file.close())).toMatchObject({ operation: "close", errno: Errno.EBADF });
  });
});
