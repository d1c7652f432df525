/** Every call to a backend fails once, at any step: everything settles, both sides learn of it, and nothing is left. */
import { describe, expect, test } from "vitest";
import { type FaultKind, Faults } from "../../backends/faults.ts";
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

/** What the other side is told when its peer could not come: it would wait for ever. */
const GAVE_UP = Object.assign(new Error("the peer has given up"), { code: "gave-up" });

/**
 * A server and its client. Whatever fails in one, both come to an end. Returns how: `done`, or the code of an error;
 * first of the side with the fault.
 */
async function conversation(server: Domain, client: Domain, faulty: "server" | "client") {
  const given = { path: "test", readSize: 4096, writeSize: 4096, spin: 0 };
  const over = new AbortController();
  const { signal } = over;
  const serve = async () => {
    const listening = await VchanServer.listen(server, 0, given);
    try {
      await talk(await listening.accept({ signal }));
    } finally {
      await listening.close().catch(() => {});
    }
  };
  const ask = async () => await talk(await Vchan.connect(client, 1, { path: "test", spin: 0, signal }));
  const both = { server: serve(), client: ask() };
  both[faulty].catch(({ code }) => {
    // Where a connection has ended, the other side finds it, and is told by it.
    if (code !== "failed") over.abort(GAVE_UP);
  });
  const outcome = (side: Promise<void>) => side.then(() => "done", (error) => String(error.code));
  return await Promise.all([outcome(both[faulty]), outcome(both[faulty === "server" ? "client" : "server"])]);
}

/** How the other side may end, for each end of the side with the fault. */
const ends: Readonly<Record<string, readonly string[]>> = {
  done: ["done"],
  // The connection has ended: the other side has all of its bytes by then, or is told.
  failed: ["done", "peer-closed"],
  // There is none, or the other side has joined it already.
  "backend-failed": ["gave-up", "peer-closed"],
  refused: ["gave-up", "peer-closed"],
  disconnected: ["gave-up", "peer-closed"],
};

/** The calls that each side makes. */
const kinds: Record<"server" | "client", Partial<Record<keyof Domain, readonly FaultKind[]>>> = {
  server: {
    grants: ["open", "limit", "grant", "map", "unmap", "notify", "close"],
    maps: ["open", "copy", "close"],
    events: ["open", "bind", "notify", "pending", "wait", "unmask", "unbind", "close"],
    store: ["open", "send", "receive", "wait", "close"],
  },
  client: {
    maps: ["open", "map", "unmap", "notify", "close"],
    events: ["open", "bind", "notify", "pending", "wait", "unmask", "unbind", "close"],
    store: ["open", "send", "receive", "wait", "close"],
  },
};

describe.each(["server", "client"] as const)("in the domain of the %s", (side) => {
  const calls = Object.entries(kinds[side]).flatMap(([part, list]) => list.map((kind) => [part, kind] as const));
  test.each(calls)("each call of %s: %s", async (part, kind) => {
    for (const when of ["before", "after"] as const) {
      for (let nth = 1, injected = true; injected && nth <= 12; nth++) {
        const xen = new MockXen();
        const faults = new Faults();
        faults.fail(kind, { part: part as keyof Domain, nth, when });
        const [server, client] = [xen.domain(1), xen.domain(0)];
        const [faulty, other] = await conversation(
          side === "server" ? faults.wrap(server) : server,
          side === "client" ? faults.wrap(client) : client,
          side,
        );
        injected = faults.injected() > 0;
        expect(injected || nth > 1, "the call is made").toBe(true);
        expect(ends[faulty], `${faulty}, ${other}: ${when} call ${nth}`).toContain(other);
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
