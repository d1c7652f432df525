/** Every call to a backend fails once, at any step: everything settles, both sides learn of it, and nothing is left. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantError, type XenDomain } from "../../mod.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { pattern, readExactly } from "./support.ts";

const BYTES = 10_000;

type Domain = Pick<XenDomain, "grants" | "maps" | "events" | "store">;

/** One side of a conversation: writes, reads, and closes. */
async function talk(vchan: Vchan): Promise<void> {
  try {
    await Promise.all([vchan.write(pattern(BYTES)), readExactly(vchan, BYTES)]);
  } finally {
    try {
      vchan.close();
    } catch {
      // The fault may be in the end, too.
    }
  }
}

/** A server and its client. Whatever fails, both come to an end. */
async function conversation(server: Domain, client: Domain): Promise<void> {
  const given = { path: "test", readSize: 4096, writeSize: 4096, spin: 0 };
  const serve = async () => {
    const listening = await VchanServer.listen(server, 0, given);
    try {
      await talk(await listening.accept({ timeout: 100 }));
    } finally {
      await listening.close().catch(() => {});
    }
  };
  const ask = async () => await talk(await Vchan.connect(client, 1, { path: "test", spin: 0, timeout: 100 }));
  await Promise.allSettled([serve(), ask()]);
}

const kinds = {
  grants: ["open", "limit", "grant", "map", "unmap", "notify", "close"],
  maps: ["open", "map", "copy", "unmap", "notify", "close"],
  events: ["open", "bind", "notify", "pending", "wait", "unmask", "unbind", "close"],
  store: ["open", "send", "receive", "wait", "close"],
} as const;
const calls = Object.entries(kinds).flatMap(([part, list]) => list.map((kind) => [part, kind] as const));

describe.each(["server", "client"] as const)("in the domain of the %s", (side) => {
  test.each(calls)("each call of %s: %s", async (part, kind) => {
    for (const when of ["before", "after"] as const) {
      for (let nth = 1, last = false; !last && nth <= 12; nth++) {
        const xen = new MockXen();
        const faults = new Faults();
        faults.fail(kind, { part: part as keyof Domain, nth, when });
        const [server, client] = [xen.domain(1), xen.domain(0)];
        await conversation(
          side === "server" ? faults.wrap(server) : server,
          side === "client" ? faults.wrap(client) : client,
        );
        last = faults.injected() === 0;
        faults.clear();
        faults.releaseAll();
        xen.assertClean();
      }
    }
  }, 60_000);
});

test("events that were lost are no loss: both sides look again", async () => {
  const xen = new MockXen();
  const faults = new Faults();
  const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path: "test" });
  const [ours, theirs] = await Promise.all([
    server.accept(),
    Vchan.connect(xen.domain(0), 1, { path: "test" }),
  ]);
  const error = new GrantError("Cannot take events: lost.", { code: "events-lost", operation: "wait" });
  faults.fail("wait", { part: "events", error, times: 3 });
  const reading = readExactly(ours, 3);
  await theirs.write(pattern(3));
  expect(await reading).toEqual(pattern(3));
  theirs.close();
  expect((await ours.closed).reason).toBe("peer-closed");
  expect(faults.injected()).toBeGreaterThan(0);
  ours.close();
  await server.close();
  xen.assertClean();
});

test("an event channel that fails ends the connection with `failed`, and says why", async () => {
  const xen = new MockXen();
  const faults = new Faults();
  const server = await VchanServer.listen(xen.domain(1), 0, { path: "test" });
  const [ours, theirs] = await Promise.all([
    server.accept(),
    Vchan.connect(faults.wrap(xen.domain(0)), 1, { path: "test" }),
  ]);
  faults.fail("notify", {
    part: "events",
    error: new GrantError("Cannot notify: no.", { code: "backend-failed", operation: "notify" }),
  });
  await expect(theirs.write(pattern(3))).rejects.toMatchObject({
    code: "failed",
    message: "Cannot write: the system failed: Cannot notify: no.",
    cause: { code: "backend-failed" },
  });
  expect(await theirs.closed).toMatchObject({ reason: "failed" });
  expect((await ours.closed).reason).toBe("peer-closed");
  ours.close();
  theirs.close();
  await server.close();
  xen.assertClean();
});
