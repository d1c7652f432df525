/** Calls that are given up at any step: nothing is left of them. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { connected, path, turns } from "./support.ts";

describe("a call that is given up halfway", () => {
  test("leaves nothing, at whatever step", async () => {
    for (let steps = 0; steps < 60; steps++) {
      const xen = new MockXen();
      const store = await XenStore.open(xen.domain(1));
      const reason = new Error("enough");
      const controller = new AbortController();
      const { signal } = controller;
      const listening = VchanServer.listen(xen.domain(1), 0, { path, signal }).then(
        async (server) => {
          // It was there before the signal: then the signal has no effect.
          await server.close();
        },
        (error) => expect(error).toBe(reason),
      );
      const connecting = Vchan.connect(xen.domain(0), 1, { path, signal }).then(
        (client) => client.close(),
        (error) => expect(error).toBe(reason),
      );
      await turns(steps);
      controller.abort(reason);
      await Promise.all([listening, connecting]);
      // The call does not wait for that.
      await turns(50);
      expect(await store.list("data")).toEqual([]);
      store.close();
      xen.assertClean();
    }
  });

  test("may be the end of a server while it makes the next place", async () => {
    for (let steps = 0; steps < 30; steps++) {
      const { xen, server, ours, theirs } = await connected();
      const accepting = server.accept().catch((error) => error.code);
      await turns(steps);
      await server.close();
      expect(await accepting).toBe("closed");
      const store = await XenStore.open(xen.domain(1));
      expect(await store.list("data")).toEqual([]);
      store.close();
      ours.close();
      theirs.close();
      xen.assertClean();
    }
  });
});
