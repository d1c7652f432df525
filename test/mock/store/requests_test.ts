/** The requests of the simulated daemon in C, one by one. */
import { beforeEach, describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Client } from "./client.ts";

let xen: MockXen;
let dom0: Client;
let domU: Client;

beforeEach(() => {
  xen = new MockXen();
  dom0 = new Client(xen.domain(0).storeSocket);
  domU = new Client(xen.domain(1).store);
});

describe("WRITE and READ", () => {
  test("keep any bytes, without a NUL of their own", async () => {
    expect(await domU.write("data/x", "a\0b\xff")).toBe("OK");
    expect(await domU.read("data/x")).toBe("a\0b\xff");
    expect(await domU.write("data/x", "")).toBe("OK");
    expect(await domU.read("data/x")).toBe("");
  });

  test("take relative paths below the home of the domain; on a socket, below that of domain 0", async () => {
    await domU.write("data/x", "1");
    expect(await dom0.read("/local/domain/1/data/x")).toBe("1");
    await dom0.write("y", "2");
    expect(await dom0.read("/local/domain/0/y")).toBe("2");
  });

  test("create missing parents with empty values", async () => {
    await domU.write("data/a/b/c", "x");
    expect(await domU.read("data/a/b")).toBe("");
    expect(await domU.list("data/a")).toBe("b");
  });

  test("WRITE without a NUL, and READ with two, are invalid", async () => {
    expect(await domU.ask(StoreMessage.WRITE, "data")).toBe("EINVAL");
    expect(await domU.ask(StoreMessage.READ, "data\0x\0")).toBe("EINVAL");
    expect(await domU.ask(StoreMessage.READ, "data")).toBe("EINVAL");
    expect(await domU.ask(StoreMessage.READ, "")).toBe("EINVAL");
  });
});

describe("a path", () => {
  test.each(["", "/a//b", "/a/", "//", "/a b", "/a.b", "/a:b", "data/", "@x", "data/ä"])(
    "%j is invalid",
    async (path) => {
      for (const client of [dom0, domU]) {
        expect(await client.write(path, "")).toBe("EINVAL");
        expect(await client.read(path)).toBe("EINVAL");
      }
    },
  );

  test("may have letters, digits and -_@", async () => {
    expect(await dom0.write("/-aZ_09@", "")).toBe("OK");
  });

  test("may have 2048 bytes, and 2048 below the home of any domain", async () => {
    const long = "x".repeat(40);
    const of = (length: number) => `/${`${long}/`.repeat(60)}`.slice(0, length - 1) + "y";
    expect(await dom0.read(of(2048))).toBe("ENOENT");
    expect(await dom0.read(of(2049))).toBe("EINVAL");
    const home = "/local/domain/12345/";
    expect(await dom0.read(home + of(2049).slice(1))).toBe("ENOENT");
    expect(await dom0.read(home + of(2050).slice(1))).toBe("EINVAL");
    // Six digits are no number of a domain.
    expect(await dom0.read("/local/domain/123456/" + of(2049).slice(1))).toBe("EINVAL");
    // This is no home, in spite of its length.
    expect(await dom0.read("/local/domein/12345/" + of(2049).slice(1))).toBe("EINVAL");
  });
});

describe("MKDIR", () => {
  test("creates an empty node, and leaves one that is there alone", async () => {
    expect(await domU.make("data/d")).toBe("OK");
    expect(await domU.read("data/d")).toBe("");
    await domU.write("data/d", "x");
    expect(await domU.make("data/d")).toBe("OK");
    expect(await domU.read("data/d")).toBe("x");
  });
});

describe("RM", () => {
  test("removes a node with all below it", async () => {
    await domU.write("data/a/b/c", "x");
    expect(await domU.remove("data/a")).toBe("OK");
    expect(await domU.read("data/a/b/c")).toBe("ENOENT");
    expect(await domU.list("data")).toBe("");
  });

  test("of a missing node is fine if its parent is there", async () => {
    expect(await domU.remove("data/none")).toBe("OK");
    expect(await domU.remove("data/none/none")).toBe("ENOENT");
  });

  test("of the root is invalid", async () => {
    expect(await dom0.remove("/")).toBe("EINVAL");
    expect(await domU.remove("/")).toBe("EACCES");
  });
});

describe("DIRECTORY", () => {
  test("lists children in the order in which they came", async () => {
    for (const name of ["b", "a", "c", "b2"]) await domU.write(`data/${name}`, "");
    await domU.remove("data/a");
    await domU.write("data/a", "");
    expect(await domU.list("data")).toBe("b|c|b2|a");
    expect(await domU.list("data/a")).toBe("");
    expect(await domU.list("data/none")).toBe("ENOENT");
  });

  test("with more than 4096 bytes is refused", async () => {
    for (let index = 0; index < 41; index++) await dom0.write(`/big/${"n".repeat(97)}${10 + index}`, "");
    expect(await dom0.list("/big")).toBe("E2BIG");
    await dom0.remove(`/big/${"n".repeat(97)}50`);
    expect((await dom0.list("/big")).split("|").length).toBe(40);
  });
});

describe("DIRECTORY_PART", () => {
  const part = (client: Client, path: string, offset: number | string) =>
    client.ask(StoreMessage.DIRECTORY_PART, `${path}\0${offset}\0`);

  test("returns the generation, as many names as there is room for, and an empty name after the last", async () => {
    const names = Array.from({ length: 90 }, (_, index) => `${"n".repeat(97)}${10 + index}`);
    for (const name of names) await dom0.write(`/big/${name}`, "");
    const got: string[] = [];
    const generations = new Set<string>();
    for (let offset = 0, isLast = false; !isLast;) {
      const [generation, ...found] = (await part(dom0, "/big", offset)).split("|");
      generations.add(generation!);
      isLast = found.at(-1) === "";
      if (isLast) found.pop();
      expect(found.length).toBeLessThanOrEqual(40);
      got.push(...found);
      offset += found.reduce((sum, name) => sum + name.length + 1, 0);
    }
    expect(got).toEqual(names);
    expect(generations.size).toBe(1);
    const [generation] = generations;
    await dom0.write("/big/more", "");
    expect((await part(dom0, "/big", 0)).split("|")[0]).not.toBe(generation);
  });

  test("of an empty list, and behind its end, returns an empty name", async () => {
    await domU.write("data/x", "");
    expect(await part(domU, "data/x", 0)).toMatch(/^\d+\|$/);
    expect(await part(domU, "data", 3)).toMatch(/^\d+\|$/);
    expect(await part(domU, "data", -1)).toMatch(/^\d+\|$/);
    expect(await part(domU, "data", 0)).toMatch(/^\d+\|x\|$/);
  });

  test("needs two strings", async () => {
    expect(await domU.ask(StoreMessage.DIRECTORY_PART, "data\0")).toBe("EINVAL");
    expect(await domU.ask(StoreMessage.DIRECTORY_PART, "data\0" + "0\0" + "\0")).toBe("EINVAL");
  });
});

describe("what domains ask", () => {
  test("GET_DOMAIN_PATH answers for any number", async () => {
    expect(await domU.ask(StoreMessage.GET_DOMAIN_PATH, "7\0")).toBe("/local/domain/7");
    expect(await domU.ask(StoreMessage.GET_DOMAIN_PATH, "99999\0")).toBe("/local/domain/99999");
    expect(await domU.ask(StoreMessage.GET_DOMAIN_PATH, "none\0")).toBe("/local/domain/0");
    expect(await domU.ask(StoreMessage.GET_DOMAIN_PATH, "-1\0")).toBe("/local/domain/4294967295");
    expect(await domU.ask(StoreMessage.GET_DOMAIN_PATH, "7")).toBe("EINVAL");
  });

  test("IS_DOMAIN_INTRODUCED answers domain 0 alone", async () => {
    const ask = (client: Client, domid: number) => client.ask(StoreMessage.IS_DOMAIN_INTRODUCED, `${domid}\0`);
    expect(await ask(dom0, 0)).toBe("T");
    expect(await ask(dom0, 1)).toBe("T");
    expect(await ask(dom0, 2)).toBe("F");
    expect(await ask(dom0, 0x7ff0)).toBe("T");
    expect(await ask(domU, 1)).toBe("EACCES");
  });

  test("requests of an unknown type are unknown to all, and those of domain 0 are denied to others", async () => {
    for (const type of [15, 16, 20, 23, 24, 1000, 0xffff]) {
      expect(await domU.ask(type, "\0")).toBe("ENOSYS");
      expect(await dom0.ask(type, "\0")).toBe("ENOSYS");
    }
    for (const type of [0, 8, 9, 17, 18, 19]) expect(await domU.ask(type, "1\0")).toBe("EACCES");
  });
});

test("a reply has the type, the request and the transaction of its request", async () => {
  const id = await domU.start();
  domU.connection.send(new Uint8Array([2, 0, 0, 0, 9, 8, 7, 6, id, 0, 0, 0, 6, 0, 0, 0, ...domid("domid\0")]));
  const [reply] = await new Promise<ReturnType<Client["take"]>>((resolve) =>
    domU.connection.whenReadable(() => resolve(domU.take()))
  );
  expect(reply).toEqual({ type: StoreMessage.READ, request: 0x06070809, transaction: id, text: "1" });
});

function domid(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}
