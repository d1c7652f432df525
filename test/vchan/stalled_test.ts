/** A server whose XenStore does not answer any more. */
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { VchanServer } from "../../src/vchan/mod.ts";
import { checkTogether, connect, folder, path, publishedKeys, turns } from "./support.ts";

/** The time in which a call is over that does not wait for XenStore. */
const SOON = 1000;

/** Whatever nobody has taken care of. */
const unhandled: unknown[] = [];
const listener = (error: unknown) => void unhandled.push(error);
beforeEach(() => void process.on("unhandledRejection", listener));
afterEach(() => {
  process.off("unhandledRejection", listener);
  expect(unhandled.splice(0)).toEqual([]);
});

/** The milliseconds that a call takes. */
async function time(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

describe("when XenStore does not answer", () => {
  test("`listen()` is given up at once, at whatever step, and leaves nothing", async () => {
    let step = 1;
    for (let isThere = false; !isThere; step++) {
      const xen = new MockXen();
      const faults = new Faults();
      const reason = new Error("enough");
      const controller = new AbortController();
      const { signal } = controller;
      faults.reply({ nth: step, times: Infinity, delay: Infinity });
      const listening = VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path, signal });
      const outcome = listening.then((server) => server, (error) => error);
      await Promise.race([outcome, turns(100)]);
      controller.abort(reason);
      expect(await time(() => outcome)).toBeLessThan(SOON);
      const result = await outcome;
      faults.disconnect();
      isThere = result instanceof VchanServer;
      if (isThere) await result.close().catch(() => {});
      else expect(result).toBe(reason);
      await vi.waitFor(() => xen.assertClean());
    }
    expect(step).toBeGreaterThan(12);
  });

  test("`accept()` keeps to its timeout and its signal, and the next call returns the client", async () => {
    const xen = new MockXen();
    const faults = new Faults();
    const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
    const theirs = await connect(xen);
    const late = faults.reply({ nth: 1, delay: 600 });
    await expect(server.accept({ timeout: 20 })).rejects.toMatchObject({
      code: "timed-out",
      message: "Cannot accept: XenStore has not answered within 20 ms, so the client of domain 0 that has come to " +
        `${folder} is not served yet. Call \`accept()\` again.`,
    });
    const reason = new Error("enough");
    const controller = new AbortController();
    const accepting = server.accept({ signal: controller.signal });
    accepting.catch(() => {});
    await turns();
    controller.abort(reason);
    await expect(accepting).rejects.toBe(reason);
    expect(late.fired).toBe(1);
    await checkTogether(await server.accept(), theirs);
    expect(await publishedKeys(xen)).toEqual(["0", "0"]);
    await server.close();
    xen.assertClean();
  });

  test("`close()` gives the memory and the port back, as soon as the time of a request is over", async () => {
    const xen = new MockXen();
    const faults = new Faults();
    const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
    const theirs = await connect(xen);
    faults.reply({ times: Infinity, delay: Infinity });
    const accepting = server.accept().catch((error) => error.code);
    await turns();
    const closing = server.close();
    const outcome = closing.catch((error) => error);
    expect(await time(() => accepting)).toBeLessThan(SOON);
    expect(await accepting).toBe("closed");
    expect(await time(() => theirs.closed)).toBeLessThan(SOON);
    theirs.close();
    expect(await time(() => outcome)).toBeLessThan(25_000);
    expect(await outcome).toMatchObject({ name: "StoreError", code: "timed-out" });
    await turns();
    xen.assertClean();
  }, 40_000);
});
