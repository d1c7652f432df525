/** How the two sides of the example find each other. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { beforeEach, describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { announce, find, withdraw } from "../../examples/ring/announcement.ts";
import { run } from "../../scripts/exec.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

describe.each([["a domU", 5, 0], ["dom0", 0, 5]])("a server in %s", (_, serverDomid, clientDomid) => {
  let server: XenStore;
  let client: XenStore;
  let xen: MockXen;
  beforeEach(async () => {
    xen = new MockXen();
    server = await XenStore.open(xen.domain(serverDomid));
    client = await XenStore.open(xen.domain(clientDomid));
    return () => {
      server.close();
      client.close();
      xen.assertClean();
    };
  });
  const finding = (timeout = 5000) => find(client, serverDomid, "ring", { timeout });

  test("is found by a client that came first, and by one that comes later", async () => {
    const first = finding();
    await client.ownDomid();
    await announce(server, "ring", clientDomid, { gref: 819, port: 23 });
    expect(await first).toEqual({ gref: 819, port: 23 });
    expect(await finding()).toEqual({ gref: 819, port: 23 });
  });

  test("is found with its own numbers after another one that has left nodes behind", async () => {
    await announce(server, "ring", clientDomid, { gref: 8, port: 1 });
    await announce(server, "ring", clientDomid, { gref: 9, port: 2 });
    expect(await finding()).toEqual({ gref: 9, port: 2 });
  });

  test("is found if it withdraws just when the client has seen it, and comes again", async () => {
    await announce(server, "ring", clientDomid, { gref: 8, port: 1 });
    const transaction = client.transaction.bind(client);
    let tries = 0;
    client.transaction = async (run, options) => {
      if (++tries === 1) {
        await withdraw(server, "ring");
        setTimeout(() => announce(server, "ring", clientDomid, { gref: 9, port: 2 }), 5);
      }
      return await transaction(run, options);
    };
    expect(await finding()).toEqual({ gref: 9, port: 2 });
    expect(tries).toBe(2);
  });

  test("is not found after it has withdrawn", async () => {
    await announce(server, "ring", clientDomid, { gref: 8, port: 1 });
    await withdraw(server, "ring");
    await expect(finding(5)).rejects.toMatchObject({ code: "timed-out" });
  });

  test("is hidden from other domains", async () => {
    await announce(server, "ring", clientDomid, { gref: 8, port: 1 });
    using stranger = await XenStore.open(xen.domain(7));
    const path = `/local/domain/${serverDomid}/data/ring/ring-ref`;
    await expect(stranger.read(path)).rejects.toMatchObject({ code: "denied" });
  });

  test("that writes no numbers is refused", async () => {
    await announce(server, "ring", clientDomid, { gref: 8, port: 1 });
    await server.write("data/ring/ring-ref", "8; or 9");
    await expect(finding()).rejects.toMatchObject({ code: "malformed" });
  });
});

describe("share.ts", () => {
  const program = async (...args: string[]) => {
    const script = new URL("../../examples/share.ts", import.meta.url).pathname;
    const command = ["run", "--no-check", "--no-prompt", script, ...args];
    return await run(Deno.execPath(), command, { env: { NO_COLOR: "1" } });
  };

  test("runs both sides on a simulated Xen, without permissions", async () => {
    const { code, stdout, stderr } = await program();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "on a simulated Xen, domain 1 shares pages and domain 0 maps them",
      "the granter shares 2 pages with domain 0: grefs 8 9",
      "the granter writes into the first page: hello from the granter",
      "the peer maps the pages of domain 1 and reads: hello from the granter",
      "the granter reads the answer in the second page: hello from the peer",
      "the granter frees the pages: 0 stay shared",
      "",
    ]);
  });

  test("prints its usage when the arguments are wrong", async () => {
    for (const args of [["serve"], ["connect", "x", "hello"], ["serve", "hello", "--to", "x"], ["talk"]]) {
      const { code, stderr } = await program(...args);
      expect(stderr).toMatch(/^usage: share.ts/);
      expect(code).toBe(2);
    }
  });
});

test.each(["share", "ring"])("%s.ts says how to use it", (name) => {
  const program = new URL(`../../examples/${name}.ts`, import.meta.url).pathname;
  const start = (...args: string[]) =>
    spawnSync(process.execPath, ["run", "--no-check", program, ...args], { encoding: "utf8" });
  const help = start("--help");
  expect([help.status, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toMatch(`usage: ${name}.ts`);
  const wrong = start("--nonsense");
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(`usage: ${name}.ts`);
  expect(wrong.stderr).not.toContain("Uncaught");
});
