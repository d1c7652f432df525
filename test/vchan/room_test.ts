/** A server that has too few pages or ports for another client. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantError, type GrantErrorCode } from "../../mod.ts";
import { type Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { checkTogether, connect, listen, path, turns } from "./support.ts";

const SIZES = { readSize: 4096, writeSize: 4096 };

/** Waits for some steps of promises. */
async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) await Promise.resolve();
}

describe("a server without room for another client", () => {
  const refusals: [GrantErrorCode, number | undefined][] = [
    ["limit-reached", undefined],
    ["kernel-limit-reached", 28],
    ["table-full", 28],
    ["no-space", 28],
    ["no-memory", 12],
  ];
  test.each(refusals)("waits for that of a connection after `%s`", async (code, errno) => {
    const xen = new MockXen();
    const faults = new Faults();
    const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
    const pair = await Promise.all([server.accept(), connect(xen)]);
    const error = new GrantError("Cannot allocate: no.", { code, operation: "allocate", ...(errno && { errno }) });
    const rule = faults.fail("grant", { error, times: Infinity });
    const next = server.accept();
    await turns(50);
    expect(rule.fired).toBe(1);
    rule.clear();
    await checkTogether(...pair);
    await checkTogether(...await Promise.all([next, connect(xen)]));
    await server.close();
    xen.assertClean();
  });

  test("waits for a port", async () => {
    const xen = new MockXen({ eventChannels: 3 });
    const server = await listen(xen);
    const served: Vchan[] = [];
    const serving = (async () => {
      for await (const connection of server) served.push(connection);
    })();
    const clients = await Promise.all([connect(xen), connect(xen), connect(xen)]);
    await turns();
    expect(served).toHaveLength(3);
    const fourth = await Promise.race([serving, turns(50)]).then(async () => {
      // Domain 0 has only three, too.
      await checkTogether(served[0]!, clients[0]!);
      return connect(xen);
    });
    await turns();
    expect(served).toHaveLength(4);
    await checkTogether(served[3]!, await fourth);
    for (const vchan of [...served, ...clients]) vchan.close();
    await server.close();
    await serving;
    xen.assertClean();
  });

  test("does not wait for a port that is refused for another reason", async () => {
    const xen = new MockXen();
    const faults = new Faults();
    const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
    const pair = await Promise.all([server.accept(), connect(xen)]);
    const error = new GrantError("Cannot bind: no.", { code: "port-refused", operation: "bind", errno: 17 });
    faults.fail("bind", { error });
    await expect(server.accept()).rejects.toBe(error);
    await checkTogether(...pair);
    await server.close();
    xen.assertClean();
  });

  test.each([1, 2])("sees what one of %d connections gives back, at whatever moment", async (count) => {
    for (let step = 0; step < 30; step++) {
      const xen = new MockXen();
      const server = await listen(xen, SIZES);
      const pairs: (readonly [Vchan, Vchan])[] = [];
      while (pairs.length < count) pairs.push(await Promise.all([server.accept(), connect(xen)]));
      xen.domain(1).limit = 3 * count + 1;
      const next = server.accept({ timeout: 2000 });
      await steps(step);
      for (const vchan of pairs[0]!) vchan.close();
      await checkTogether(...await Promise.all([next, connect(xen)]));
      for (const vchan of pairs.flat()) vchan.close();
      await server.close();
      xen.assertClean();
    }
  });
});

test("events that were lost before a client comes are no loss", async () => {
  const xen = new MockXen();
  const faults = new Faults();
  const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
  const error = new GrantError("Cannot take events: lost.", { code: "events-lost", operation: "wait" });
  faults.fail("wait", { part: "events", error });
  const waiting = server.accept({ timeout: 2000 });
  await turns();
  expect(faults.injected()).toBe(1);
  await checkTogether(...await Promise.all([waiting, connect(xen)]));
  await server.close();
  xen.assertClean();
});
