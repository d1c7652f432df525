/** Who may do what, in the simulated daemon in C. */
import { describe, expect, test } from "vitest";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Client } from "./client.ts";
import { dom0, one, two, useClients, xen } from "./clients.ts";

useClients();

const DATA = "/local/domain/1/data";

test("GET_PERMS names the owner first, and SET_PERMS sets the list", async () => {
  await one.write("data/x", "");
  expect(await one.permissions("data/x")).toBe("n1");
  expect(await one.allow("data/x", "r1", "b2", "w0")).toBe("OK");
  expect(await one.permissions("data/x")).toBe("r1|b2|w0");
});

test("the first permission that names a domain counts, and that of the owner for all that none names", async () => {
  await one.write("data/x", "v");
  await one.allow("data/x", "n1", "r2", "n2");
  expect(await two.read(`${DATA}/x`)).toBe("v");
  expect(await two.write(`${DATA}/x`, "w")).toBe("EACCES");
  await one.allow("data/x", "b1", "n2");
  expect(await two.read(`${DATA}/x`)).toBe("EACCES");
  const three = new Client(xen.domain(3).store);
  expect(await three.write(`${DATA}/x`, "w")).toBe("OK");
});

test("the owner may do everything, whatever the permissions say, and domain 0, too", async () => {
  await one.write("data/x", "v");
  await one.allow("data/x", "n1", "n0", "n1");
  expect(await one.write("data/x", "w")).toBe("OK");
  expect(await dom0.read(`${DATA}/x`)).toBe("w");
  expect(await new Client(xen.domain(0).store).read(`${DATA}/x`)).toBe("w");
});

describe("a node that a domain may not know", () => {
  test("is EACCES, there or not, unless the nearest parent that is there grants the right", async () => {
    await one.write("data/x/y", "v");
    expect(await two.read(`${DATA}/x/y`)).toBe("EACCES");
    expect(await two.read(`${DATA}/none/none`)).toBe("EACCES");
    await one.allow("data/x", "n1", "r2");
    expect(await two.read(`${DATA}/x/y`)).toBe("EACCES");
    expect(await two.read(`${DATA}/x/none`)).toBe("ENOENT");
    expect(await two.read(`${DATA}/x/none/none`)).toBe("ENOENT");
    expect(await two.remove(`${DATA}/x/none`)).toBe("EACCES");
  });

  test("does not hide a child that it may read", async () => {
    await one.write("data/x/y", "v");
    await one.allow("data/x/y", "n1", "r2");
    expect(await two.read(`${DATA}/x/y`)).toBe("v");
    expect(await two.list(`${DATA}/x`)).toBe("EACCES");
  });
});

describe("creating a node", () => {
  test("needs the right to write on the nearest parent that is there", async () => {
    expect(await two.write(`${DATA}/x`, "")).toBe("EACCES");
    await one.allow("data", "n1", "w2");
    expect(await two.write(`${DATA}/x/y`, "")).toBe("OK");
  });

  test("copies the permissions of the parent, and makes the domain the owner", async () => {
    await one.allow("data", "n1", "b2", "r0");
    await two.write(`${DATA}/x/y`, "");
    expect(await dom0.permissions(`${DATA}/x`)).toBe("n2|b2|r0");
    expect(await dom0.permissions(`${DATA}/x/y`)).toBe("n2|b2|r0");
    await dom0.write(`${DATA}/z`, "");
    expect(await dom0.permissions(`${DATA}/z`)).toBe("n1|b2|r0");
  });

  test("without the right to read: MKDIR of one that is there needs the right to write", async () => {
    await one.write("data/x", "");
    await one.allow("data/x", "n1", "w2");
    expect(await two.make(`${DATA}/x`)).toBe("OK");
    expect(await two.read(`${DATA}/x`)).toBe("EACCES");
    await one.allow("data/x", "n1", "r2");
    expect(await two.make(`${DATA}/x`)).toBe("EACCES");
  });
});

test("RM needs the right to write on the node itself, and not on those below", async () => {
  await one.write("data/x/y", "");
  await one.allow("data/x", "n1", "w2");
  expect(await two.remove(`${DATA}/x/y`)).toBe("EACCES");
  expect(await two.remove(`${DATA}/x`)).toBe("OK");
  expect(await one.list("data")).toBe("");
});

describe("SET_PERMS", () => {
  test("is for the owner, who may not give the node away", async () => {
    await one.write("data/x", "");
    await one.allow("data/x", "n1", "b2");
    expect(await two.allow(`${DATA}/x`, "n2")).toBe("EACCES");
    expect(await one.allow("data/x", "n2")).toBe("EPERM");
    expect(await one.allow("data/none", "n1")).toBe("ENOENT");
    expect(await dom0.allow(`${DATA}/x`, "n2", "r1")).toBe("OK");
    expect(await two.write(`${DATA}/x`, "v")).toBe("OK");
    expect(await one.read("data/x")).toBe("v");
  });

  test("refuses what is no permission", async () => {
    await one.write("data/x", "");
    for (const text of ["", "n", "x1", "1", "n1x", "rn", "n1 ", "n08"]) {
      expect(await one.allow("data/x", text)).toBe("EINVAL");
    }
    expect(await one.ask(StoreMessage.SET_PERMS, "data/x\0")).toBe("EINVAL");
    expect(await one.ask(StoreMessage.SET_PERMS, "data/x\0n1")).toBe("EINVAL");
    expect(await one.allow("data/x", "n0x1", "r02", "r 0")).toBe("OK");
    expect(await one.permissions("data/x")).toBe("n1|r2|r0");
  });

  test("may name five domains", async () => {
    await one.write("data/x", "");
    const five = ["n1", "r2", "r0", "r1", "r2"];
    expect(await one.allow("data/x", ...five)).toBe("OK");
    expect(await one.allow("data/x", ...five, "r2")).toBe("ENOSPC");
    expect(await dom0.allow(`${DATA}/x`, ...five, "r2")).toBe("OK");
  });

  test("of an owner who is not there is ENOENT", async () => {
    await dom0.write("/x", "");
    expect(await dom0.allow("/x", "n9")).toBe("ENOENT");
  });
});

test("GET_PERMS shows domids with a sign, in ten characters", async () => {
  await dom0.write("/x", "");
  for (
    const [given, shown] of [["70000", "70000"], ["-1", "-1"], ["4294967295", "-1"], ["-2147483648", "-214748364"]]
  ) {
    expect(await dom0.allow("/x", "n0", `r${given}`)).toBe("OK");
    expect(await dom0.permissions("/x")).toBe(`n0|r${shown}`);
  }
});

describe("a permission of a domain that is not there", () => {
  test("is shown, and ignored for good: the domain that comes does not have it", async () => {
    await one.write("data/x", "v");
    await one.allow("data/x", "n1", "r9");
    const nine = new Client(xen.domain(9).store);
    expect(await nine.read(`${DATA}/x`)).toBe("EACCES");
    expect(await one.permissions("data/x")).toBe("n1|r9");
    await one.write("data/x", "w");
    expect(await nine.read(`${DATA}/x`)).toBe("EACCES");
    await one.allow("data/x", "n1", "r9");
    expect(await nine.read(`${DATA}/x`)).toBe("w");
  });

  test("is not that of the next domain with its number, not even if the node is written in between", async () => {
    await one.write("data/x", "v");
    await one.allow("data/x", "n1", "r2");
    expect(await two.read(`${DATA}/x`)).toBe("v");
    xen.domain(2).destroy();
    await one.write("data/x", "w");
    const next = new Client(xen.domain(2).store);
    expect(await next.read(`${DATA}/x`)).toBe("EACCES");
    await one.write("data/x", "x");
    expect(await next.read(`${DATA}/x`)).toBe("EACCES");
  });

  test("is inherited as ignored", async () => {
    await one.allow("data", "n1", "r9");
    await one.write("data/x", "v");
    const nine = new Client(xen.domain(9).store);
    expect(await nine.read(`${DATA}/x`)).toBe("EACCES");
    await one.write("data/y", "v");
    expect(await nine.read(`${DATA}/y`)).toBe("EACCES");
  });
});
