/** What a client does for a server that misses the event of its first bytes, as Xen's proxy may. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { MappedPage } from "../../src/vchan/shared_page.ts";
import { AT, RawServer } from "./by_hand.ts";
import { connect } from "./support.ts";

/** Longer than the first two pauses. */
const WHILE = 500;
const pause = () => new Promise((resolve) => setTimeout(resolve, WHILE));

afterEach(() => void vi.restoreAllMocks());

/** A client whose server has taken the events of its coming and its first bytes, and has not looked for bytes. */
async function missed() {
  const xen = new MockXen();
  const server = await RawServer.open(xen);
  const client = await connect(xen);
  await client.write(Uint8Array.of(1, 2));
  expect(server.channel.poll()).toBe(true);
  while (server.channel.poll());
  const finish = () => {
    client.close();
    server.close();
    xen.assertClean();
  };
  return { server, client, finish };
}

describe("a client sends its server events", () => {
  test("until its first bytes are read", async () => {
    const { server, client, finish } = await missed();
    for (let knocks = 0; knocks < 3; knocks++) await server.channel.wait({ timeout: 5000 });
    server.page.setWord(AT.leftCons, 1);
    // One may be on its way.
    server.channel.poll();
    await pause();
    expect(server.channel.poll()).toBe(false);
    // The server has not asked for an event.
    await client.write(Uint8Array.of(3));
    await pause();
    expect(server.channel.poll()).toBe(false);
    finish();
  });

  test("not before it has written", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen);
    const client = await connect(xen);
    expect(server.channel.poll()).toBe(true);
    await pause();
    expect(server.channel.poll()).toBe(false);
    client.close();
    server.close();
  });

  test("also in memory that another client has used, where the server has not asked for one", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen);
    (await connect(xen)).close();
    const client = await connect(xen);
    while (server.channel.poll());
    expect(server.page.bytes[AT.clientNotify]).toBe(1);
    await client.write(Uint8Array.of(1));
    expect(server.channel.poll()).toBe(true);
    client.close();
    server.close();
    xen.assertClean();
  });

  test.each([["it is closed", false], ["its server has ended", true]])("until %s", async (_, isServer) => {
    const { server, client, finish } = await missed();
    if (isServer) {
      server.page.bytes[AT.serverLive] = 0;
      server.channel.notify();
      await client.closed;
    } else {
      client.close();
    }
    const looks = vi.spyOn(MappedPage.prototype, "loadIndex");
    await pause();
    expect(looks).not.toHaveBeenCalled();
    finish();
  });
});
