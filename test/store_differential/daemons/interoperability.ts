/**
 * The client and Debian's tools, on one daemon: what one of them writes, the other one reads.
 *
 * @module
 */

import assert from "node:assert/strict";
import { denoDomain } from "../../../backends/deno.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import type { Daemon } from "../differences.ts";
import { RunningDaemon } from "./daemon.ts";
import { DebianTools } from "./debian_tools.ts";
import { preparedTools } from "./tools.ts";

/** A tool that takes longer hears nothing. */
const TIMEOUT_MILLISECONDS = 60_000;

/** Declares the tests with a daemon. */
export function declareInteroperability(daemon: Daemon): void {
  let running: RunningDaemon;
  let tools: DebianTools;
  Deno.test.beforeAll(async () => {
    const prepared = preparedTools();
    running = await RunningDaemon.start(daemon, prepared);
    tools = new DebianTools(prepared.packages, running.socket);
  });
  Deno.test.afterAll(() => running.stop());
  const test = (name: string, body: (store: XenStore) => Promise<void>) =>
    Deno.test(`${daemon}: ${name}`, async () => {
      using store = await XenStore.open(denoDomain({ xenstored: running.socket }));
      await store.mkdir("/tools");
      try {
        await body(store);
      } finally {
        await store.remove("/tools");
      }
    });

  test("xenstore-read, -list, -exists and -ls show what the client writes", async (store) => {
    await store.write("/tools/a", 7);
    await store.write("/tools/a/b", "two words");
    assert.equal(await tools.run("read", "/tools/a", "/tools/a/b"), "7\ntwo words");
    assert.equal(await tools.run("list", "/tools"), "a");
    await tools.run("exists", "/tools/a/b");
    await assert.rejects(tools.run("exists", "/tools/c"));
    assert.equal(await tools.run("ls", "-f", "/tools"), '/tools/a = "7"\n/tools/a/b = "two words"');
    await store.remove("/tools/a");
    await assert.rejects(tools.run("read", "/tools/a"), /couldn't read path/);
  });

  test("xenstore-read shows bytes that are no text", async (store) => {
    await store.write("/tools/a", Uint8Array.of(0, 1, 0x5c, 0xff));
    assert.equal(await tools.run("read", "/tools/a"), String.raw`\000\001\\\xff`);
  });

  test("the client reads what xenstore-write writes, and lists it", async (store) => {
    await tools.run("write", "/tools/port", "12", "/tools/name", "grüße", "/tools/bytes", String.raw`\x00\xff`);
    assert.equal(await store.readNumber("/tools/port"), 12);
    assert.equal(await store.readText("/tools/name"), "grüße");
    assert.deepEqual(await store.read("/tools/bytes"), Uint8Array.of(0, 0xff));
    assert.deepEqual((await store.list("/tools")).toSorted(), ["bytes", "name", "port"]);
    await tools.run("rm", "/tools/port");
    assert.deepEqual((await store.list("/tools")).toSorted(), ["bytes", "name"]);
  });

  test("xenstore-chmod and xenstore-ls agree with the client about permissions", async (store) => {
    await store.write("/tools/a", "");
    await store.setPermissions("/tools/a", [{ domid: 0, access: "none" }, { domid: 0, access: "read" }]);
    assert.match(await tools.run("ls", "-p", "/tools"), /^a = ""[ .]+\(n0,r0\)$/);
    await tools.run("chmod", "/tools/a", "r0", "b0");
    assert.deepEqual(await store.permissions("/tools/a"), [
      { domid: 0, access: "read" },
      { domid: 0, access: "both" },
    ]);
  });

  test("a watch of the client sees what xenstore-write and xenstore-rm do", async (store) => {
    using watch = store.watch("/tools/a");
    assert.equal((await watch.next()).value, "/tools/a");
    const next = watch.next();
    await tools.run("write", "/tools/a/b", "1");
    assert.equal((await next).value, "/tools/a/b");
    const value = store.waitFor("/tools/a", (text) => text === "ready", { timeout: TIMEOUT_MILLISECONDS });
    await tools.run("write", "/tools/a", "ready");
    assert.equal(await value, "ready");
    const removal = store.waitForRemoval("/tools/a", { timeout: TIMEOUT_MILLISECONDS });
    await tools.run("rm", "/tools/a");
    await removal;
  });

  test("xenstore-watch sees what the client does", async (store) => {
    const process = tools.start("watch", "-n", "3", "/tools/a");
    await using _ = { [Symbol.asyncDispose]: () => end(process) };
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new LineStream()).getReader();
    const line = async () => (await lines.read()).value;
    // The event of the registration.
    assert.equal(await line(), "/tools/a");
    await store.write("/tools/a/b", "1");
    assert.equal(await line(), "/tools/a/b");
    await store.transaction((transaction) => transaction.write("/tools/a/c", "1"));
    assert.equal(await line(), "/tools/a/c");
    assert.equal((await process.status).code, 0);
  });

  test("a transaction of the client begins again if xenstore-write was in between", async (store) => {
    await store.write("/tools/count", 1);
    let tries = 0;
    await store.transaction(async (transaction) => {
      const count = await transaction.readNumber("/tools/count");
      if (++tries === 1) await tools.run("write", "/tools/count", "10");
      await transaction.write("/tools/count", count + 1);
    });
    assert.equal(tries, 2);
    assert.equal(await tools.run("read", "/tools/count"), "11");
  });
}

/** Splits text into lines. */
class LineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(text, controller) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}

async function end(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill();
  } catch {
    // It has ended.
  }
  await process.status;
}
