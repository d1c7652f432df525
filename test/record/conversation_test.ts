/** A whole conversation of two domains, recorded: of both sides, and of one side alone. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, replay } from "../../backends/record.ts";
import { connect, serve } from "../../examples/ring/message_ring.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { domainsOf, recording, wornMachine } from "../support/recorded.ts";

/** The trace of a whole conversation: of both sides, or of one. */
async function conversation(sides: readonly ("server" | "client")[] = ["server", "client"]): Promise<string[]> {
  const { trace, recorder } = recording();
  const [granter, peer] = domainsOf(new MockXen());
  const ours = sides.includes("server") ? recorder.wrap(granter) : granter;
  const theirs = sides.includes("client") ? recorder.wrap(peer) : peer;
  using device = new GrantDevice(ours);
  using serverEvents = new EventChannels(ours);
  using mapper = new GrantMapper(theirs);
  using clientEvents = new EventChannels(theirs);

  const { ring: server, gref, port } = serve(device.open(), serverEvents, 0);
  const client = connect(mapper, clientEvents, 1, gref, port);
  const answer = async () => {
    for await (const message of server) await server.send(message);
    server.finish();
  };
  const ask = async () => {
    for (let number = 0; number < 10; number++) {
      await client.send(new Uint8Array(700).fill(number));
      expect((await client.receive())?.[699]).toBe(number);
    }
    client.finish();
    expect(await client.receive()).toBe(undefined);
  };
  await Promise.all([answer(), ask()]);
  client.close();
  server.close();
  return trace;
}

describe("a conversation of two domains, recorded", () => {
  test("is replayed on an equal machine, and on one with other ports and references", async () => {
    const trace = await conversation();
    const { calls } = parseTrace(trace);
    const asked = new Set(calls.map((call) => "part" in call ? `${call.part} ${call.call}` : call.call));
    for (
      const call of ["bindUnbound", "bindInterdomain", "notify", "pending", "wait", "unmask", "unbind", "open", "close"]
    ) expect(asked).toContain(`events ${call}`);
    expect(asked).toContain("maps notify");

    const fresh = new MockXen();
    const expected = { calls: calls.length, cut: false, left: [] };
    expect(replay(trace, { domains: domainsOf(fresh) })).toEqual(expected);
    fresh.assertClean();
    expect(replay(trace, { domains: domainsOf(wornMachine()) })).toEqual(expected);
    // A recording of the replay has the same lines.
    const { trace: again, recorder } = recording();
    replay(trace, { domains: domainsOf(new MockXen()).map((domain) => recorder.wrap(domain)) });
    expect(again.filter((line) => !line.includes(`"pending"`))).toEqual(
      trace.filter((line) => !line.includes(`"pending"`)),
    );
  });

  test("of one side is replayed with events that the other side sends again", async () => {
    const server = await conversation(["server"]);
    const xen = wornMachine();
    const other = new EventChannels(xen.domain(0));
    let sent = 0;
    const report = replay(server, {
      domains: [xen.domain(1)],
      send(port) {
        sent++;
        const channel = other.bindInterdomain(1, port);
        channel.notify();
        channel.unbind();
      },
    });
    expect(report.difference?.message).toBe(undefined);
    expect(sent).toBeGreaterThan(3);
    other.close();
    // Without the sender, the first event is missing.
    const alone = replay(server, { domains: [xen.domain(1)] });
    expect(alone.difference?.call).toMatchObject({ call: "pending", ports: [1] });
    expect(alone.difference?.got).toEqual({ ports: [] });
    expect(alone.left).toEqual([]);
  });

  test("of the side that binds is replayed with a port that stands for the other side's", async () => {
    const client = await conversation(["client"]);
    const xen = wornMachine();
    const pages = new GrantDevice(xen.domain(1)).open().allocate(0, { writable: true });
    const served = new EventChannels(xen.domain(1)).bindUnbound(0);
    // The client was told the reference; the trace does not have it granted.
    const translated = client.map((line) => line.replace(`"grefs":[8]`, `"grefs":[${pages.grefs[0]}]`));
    const report = replay(translated, {
      domains: [xen.domain(0)],
      remotePorts: { 1: served.port },
      send: () => served.notify(),
    });
    expect(report.difference?.message).toBe(undefined);
    expect(report.left).toEqual([]);
  });

  test("cut after any line is replayed up to there, and leaves nothing open", async () => {
    const trace = await conversation();
    for (let lines = 1; lines <= trace.length; lines++) {
      const xen = new MockXen();
      const report = replay(trace.slice(0, lines), { domains: domainsOf(xen) });
      expect(report).toMatchObject({ calls: lines - 1, cut: false, left: [] });
      expect(report.difference).toBe(undefined);
      xen.assertClean();
    }
  });
});
