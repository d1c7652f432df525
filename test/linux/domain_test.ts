import { afterEach, describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import type { LinuxDomainOptions } from "../../backends/linux/domain.ts";
import { nodeDomain } from "../../backends/node.ts";
import { ArgumentRangeError } from "../../src/contract/argument_error.ts";

afterEach(() => {
  Reflect.deleteProperty(Object.prototype, "gntdev");
});

describe.each([
  ["denoDomain", denoDomain],
  ["nodeDomain", nodeDomain],
])("the options of %s()", (_name, makeDomain) => {
  const refuses = (options: unknown, message: string) => {
    const make = () => makeDomain(options as LinuxDomainOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  };

  test.each(["libc", "gntalloc", "gntdev", "evtchn", "xenbus", "xenstored"])("`%s` must be a path", (name) => {
    for (
      const [path, shown] of [
        ["", '""'],
        ["/dev/null\0/dev/xen", String.raw`"/dev/null\u0000/dev/xen"`],
        [5, "5"],
        [null, "null"],
        [true, "true"],
        [new URL("file:///dev/null"), "a URL"],
      ]
    ) {
      refuses(
        { [name]: path },
        `Cannot make a domain as \`${name}\` must be a path, without NUL: current value is ${shown}`,
      );
    }
    makeDomain({ [name]: undefined });
  });

  test("`allowOwnGrants` must be a boolean", () => {
    refuses({ allowOwnGrants: 1 }, "Cannot make a domain as `allowOwnGrants` must be a boolean: current value is 1");
    makeDomain({ allowOwnGrants: true });
  });

  test("`warnOfLeaks` must be a boolean", () => {
    refuses({ warnOfLeaks: "no" }, 'Cannot make a domain as `warnOfLeaks` must be a boolean: current value is "no"');
    makeDomain({ warnOfLeaks: false });
  });

  test("`xenstored` must be a path that a socket can have", () => {
    expect(() => makeDomain({ xenstored: `/${"é".repeat(53)}x` })).toThrow(
      new ArgumentRangeError("Cannot make a domain as `xenstored` must have at most 107 bytes: current value is 108"),
    );
    expect(makeDomain({ xenstored: `/${"é".repeat(53)}` }).store.name).toHaveLength(54);
  });

  test("`xenbus` and `xenstored` exclude each other", () => {
    refuses(
      { xenbus: "/dev/xen/xenbus", xenstored: "/run/xenstored/socket" },
      "Cannot make a domain as `xenbus` and `xenstored` must not be given together: XenStore has one path",
    );
  });

  test("must be an object", () => {
    for (const options of [null, 5, "/dev/xen/gntdev", new Map()]) {
      refuses(options, "the options must be a plain object");
    }
  });

  test("must have known names", () => {
    refuses({ gntDev: "/dev/xen/gntdev" }, "there is no option `gntDev`: did you mean `gntdev`?");
  });

  test("are read once, when the domain is made", () => {
    let reads = 0;
    const { maps } = makeDomain({
      get gntdev() {
        reads++;
        return `/dev/${reads}`;
      },
    });
    expect([maps.name, reads]).toEqual(["/dev/1", 1]);
  });

  test("are only those that the object has itself", () => {
    Object.assign(Object.prototype, { gntdev: "/dev/null" });
    const names = [{}, undefined].map((options) => makeDomain(options).maps.name);
    expect(names).toEqual(["/dev/xen/gntdev", "/dev/xen/gntdev"]);
  });
});
