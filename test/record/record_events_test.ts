/** Recordings of event channels, copies and mapping notifies, and what a replay of them finds. */
import { describe, expect, test } from "vitest";
import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, Recorder, replay, type ReplayOptions } from "../../backends/record.ts";
import { connect, serve } from "../../examples/ring/message_ring.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";
import { HEADER, thrown } from "../support/recorded.ts";

/** What a machine of two domains has for a replay: those of a trace that both are in. */
function backends(xen: MockXen): ReplayOptions {
  const [granter, peer] = [xen.domain(1), xen.domain(0)];
  return {
    grants: granter.grants,
    maps: peer.maps,
    events: [granter.events, peer.events],
  };
}

/** A machine on which others have taken some references and ports. */
function worn() {
  const xen = new MockXen();
  new GrantDevice(xen.domain(1)).open().allocate(3, { pages: 20 });
  for (const [domid, ports] of [[1, 5], [0, 9]]) {
    const others = new EventChannels(xen.domain(domid!));
    for (let port = 0; port < ports!; port++) others.bindUnbound(3);
  }
  return xen;
}

/** The trace of a whole conversation, of both sides; or of one of them. */
async function conversation(sides: readonly ("server" | "client")[] = ["server", "client"]): Promise<string[]> {
  const trace: string[] = [];
  const recorder = new Recorder((line) => trace.push(line));
  const xen = new MockXen();
  const [granter, peer] = [xen.domain(1), xen.domain(0)];
  const [ours, theirs] = [sides.includes("server"), sides.includes("client")];
  using device = new GrantDevice(ours ? { grants: recorder.grants(granter.grants) } : granter);
  using serverEvents = new EventChannels(ours ? { events: recorder.events(granter.events) } : granter);
  using mapper = new GrantMapper(theirs ? { maps: recorder.maps(peer.maps) } : peer);
  using clientEvents = new EventChannels(theirs ? { events: recorder.events(peer.events) } : peer);

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
  test("is replayed on a machine like it, and on one with other ports and references", async () => {
    const trace = await conversation();
    const { calls } = parseTrace(trace);
    const asked = new Set(calls.map((call) => "side" in call ? `${call.side} ${call.call}` : call.call));
    for (
      const call of ["bindUnbound", "bindInterdomain", "notify", "pending", "wait", "unmask", "unbind", "open", "close"]
    ) expect(asked).toContain(`events ${call}`);
    expect(asked).toContain("maps notify");

    const fresh = new MockXen();
    const expected = { calls: calls.length, cut: false, left: [] };
    expect(replay(trace, backends(fresh))).toEqual(expected);
    fresh.assertClean();
    expect(replay(trace, backends(worn()))).toEqual(expected);
    // And each time in the same way: a recording of the replay says the same.
    const again: string[] = [];
    const recorder = new Recorder((line) => again.push(line));
    const { grants, maps, events } = backends(new MockXen());
    const both = (events as EventBackend[]).map((backend) => recorder.events(backend));
    replay(trace, { grants: recorder.grants(grants!), maps: recorder.maps(maps!), events: both });
    expect(again.filter((line) => !line.includes(`"pending"`))).toEqual(
      trace.filter((line) => !line.includes(`"pending"`)),
    );
  });

  test("of one side is replayed with the other one's events", async () => {
    const server = await conversation(["server"]);
    const xen = worn();
    const other = new EventChannels(xen.domain(0));
    let sent = 0;
    const report = replay(server, {
      grants: xen.domain(1).grants,
      events: xen.domain(1).events,
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
    // Without, the first event is missing.
    const alone = replay(server, { grants: xen.domain(1).grants, events: xen.domain(1).events });
    expect(alone.difference?.call).toMatchObject({ call: "pending", ports: [1] });
    expect(alone.difference?.got).toEqual({ ports: [] });
    expect(alone.left).toEqual([]);
  });

  test("of the side that binds is replayed with the other one's port", async () => {
    const client = await conversation(["client"]);
    const xen = worn();
    const pages = new GrantDevice(xen.domain(1)).open().allocate(0, { writable: true });
    const served = new EventChannels(xen.domain(1)).bindUnbound(0);
    // The reference that the client was told is not in the trace: on that machine it was the first.
    const translated = client.map((line) => line.replace(`"grefs":[8]`, `"grefs":[${pages.grefs[0]}]`));
    const report = replay(translated, {
      maps: xen.domain(0).maps,
      events: xen.domain(0).events,
      remotePorts: { 1: served.port },
      send: () => served.notify(),
    });
    expect(report.difference?.message).toBe(undefined);
    expect(report.left).toEqual([]);
  });

  test("that is cut after any line is replayed up to there, and nothing is left", async () => {
    const trace = await conversation();
    for (let lines = 1; lines <= trace.length; lines++) {
      const xen = new MockXen();
      const report = replay(trace.slice(0, lines), backends(xen));
      expect(report).toMatchObject({ calls: lines - 1, cut: false, left: [] });
      expect(report.difference).toBe(undefined);
      xen.assertClean();
    }
  });
});

describe("copies and mapping notifies", () => {
  test("are recorded without a byte, and replayed on other pages", () => {
    const trace: string[] = [];
    const recorder = new Recorder((line) => trace.push(line));
    const xen = new MockXen();
    const device = new GrantDevice({ grants: recorder.grants(xen.domain(1).grants) });
    const mapper = new GrantMapper({ maps: recorder.maps(xen.domain(0).maps) });
    const events = new EventChannels({ events: recorder.events(xen.domain(0).events) });
    const { grefs } = device.open().allocate(0, { pages: 3, writable: true });
    const [first, , third] = grefs as [number, number, number];
    const { port } = events.bindUnbound(1);
    mapper.copy([
      { from: Uint8Array.of(77, 78), to: { domid: 1, gref: first, offset: 4000 } },
      { from: { domid: 1, gref: first }, to: { domid: 1, gref: third, offset: 9 }, length: 4087 },
      { from: { domid: 1, gref: 300 }, to: new Uint8Array(5) },
    ]);
    // A page of a domain that is not in the trace.
    const stranger = new GrantDevice(xen.domain(2)).open().allocate(0, { writable: true });
    const theirs = mapper.mapGrants([{ domid: 1, gref: third }, { domid: 2, gref: stranger.grefs[0]! }], {
      writable: true,
    });
    theirs.setUnmapNotify({ clearByte: 5000, eventPort: port });
    theirs.unmap();
    device.close();
    mapper.close();
    events.close();
    expect(trace.join()).not.toContain("77");
    const copy = trace.find((line) => line.includes(`"copy"`))!;
    expect(JSON.parse(copy)).toEqual({
      side: "maps",
      call: "copy",
      file: 3,
      segments: [
        { to: { domid: 1, gref: first, offset: 4000 }, length: 2 },
        {
          from: { domid: 1, gref: first, offset: 0 },
          to: { domid: 1, gref: third, offset: 9 },
          length: 4087,
        },
        { from: { domid: 1, gref: 300, offset: 0 }, length: 5 },
      ],
      statuses: [0, 0, -1],
    });
    expect(JSON.parse(trace.find((line) => line.includes(`"domid":[1,2]`))!)).toMatchObject({ bytes: 8192 });

    for (const other of [worn(), new MockXen()]) {
      const again = new GrantDevice(other.domain(2)).open().allocate(0, { writable: true });
      expect(again.grefs).toEqual(stranger.grefs);
      const { grants, maps } = backends(other);
      const options = { grants: grants!, maps: maps!, events: other.domain(0).events, granter: 1 };
      const report = replay(trace, options);
      expect(report.difference?.message).toBe(undefined);
      expect(report).toMatchObject({ calls: trace.length - 1, left: [] });
      // A status that differs is a difference.
      const changed = trace.map((line) => line.replace("[0,0,-1]", "[0,-1,-1]"));
      const { difference } = replay(changed, options);
      expect([difference?.expected, difference?.got]).toEqual([{ statuses: [0, -1, -1] }, { statuses: [0, 0, -1] }]);
    }
  });

  test("memory in pieces has the size of all of them", () => {
    const lines: string[] = [];
    const parts = [new Uint8Array(4096), new Uint8Array(8192)];
    const memory = () => peerMemory({ bytes: new Uint8Array(0), parts });
    const file = new Recorder((line) => lines.push(line)).maps(mapBackend({ map: memory })).open();
    expect(file.map([1, 2, 2], [8, 9, 10], false).parts).toBe(parts);
    expect(lines.at(-1)).toContain(`"bytes":12288`);
  });

  test("of a backend that lies about them are recorded, and replayed as lies", () => {
    for (const lie of [null, "okay", [0, 0], [null], { 0: 0 }, [1.5]]) {
      const lines: string[] = [];
      const copy = () => lie as number[];
      const recorder = new Recorder((line) => lines.push(line));
      const file = recorder.maps(mapBackend({ copy })).open();
      expect(file.copy([{ from: { domid: 1, gref: 8, offset: 0 }, to: new Uint8Array(1), length: 1 }])).toBe(lie);
      expect(recorder.failure).toBe(undefined);
      expect(replay(lines, { maps: mapBackend({ copy }) }).difference?.message).toBe(undefined);
      const honest = mapBackend({ copy: () => [0] });
      expect(replay(lines, { maps: honest }).difference).toMatchObject({ expected: { statuses: lie } });
    }
  });
});

describe("events in a replay", () => {
  const open = `{"side":"events","call":"open","file":1}`;
  const bind = (domid: number, port: number) =>
    `{"side":"events","call":"bindUnbound","file":1,"domid":${domid},"port":${port}}`;
  const loop = (remotePort: number, port: number) =>
    `{"side":"events","call":"bindInterdomain","file":1,"domid":0,"remotePort":${remotePort},"port":${port}}`;
  const port = (call: string, port: number) => `{"side":"events","call":"${call}","file":1,"port":${port}}`;
  const pending = (...ports: number[]) => `{"side":"events","call":"pending","file":1,"ports":[${ports}]}`;
  /** Replays in domain 0, alone. */
  const run = (lines: string[], more: ReplayOptions = {}) => {
    const xen = new MockXen();
    const report = replay([HEADER, open, ...lines], { events: xen.domain(0).events, ...more });
    xen.assertClean();
    return report;
  };
  const both = [bind(0, 70), loop(70, 90)];

  test("that come earlier than in the recording count when the trace names them", () => {
    const late = [...both, port("notify", 90), pending(), pending(90), pending(70)];
    expect(run(late).difference?.message).toBe(undefined);
    // Several may have been one.
    const merged = [...both, port("notify", 90), pending(90), port("notify", 90), pending(70), port("unmask", 70)];
    expect(run([...merged, pending(), port("unbind", 90)]).difference?.message).toBe(undefined);
    expect(run([...merged, pending(70), port("unbind", 90)]).difference?.message).toBe(undefined);
    expect(run([...merged, pending(70), pending(70)]).difference?.got).toEqual({ ports: [] });
  });

  test("that do not come are a difference, at the line that names them", () => {
    const { difference, calls } = run([...both, port("notify", 70), pending(70, 90)]);
    expect(calls).toBe(4);
    expect([difference?.line, difference?.expected, difference?.got]).toEqual([
      6,
      { ports: [70, 90] },
      { ports: [90] },
    ]);
  });

  test("are forgotten with their port", () => {
    const lines = [...both, pending(), port("unbind", 90), bind(1, 90), pending(90)];
    expect(run(lines).difference?.line).toBe(8);
  });

  test("are asked for only where they have not come by themselves", () => {
    const asked: number[] = [];
    const send = (port: number) => void asked.push(port);
    run([...both, port("notify", 90), pending(70, 90)], { send });
    expect(asked).toEqual([]);
    const { difference } = run([...both, pending(70, 90)], { send });
    expect(asked).toEqual([1]);
    expect(difference?.got).toEqual({ ports: [90] });
    // What it throws is the caller's.
    const boom = new Error("boom");
    expect(() =>
      run([...both, pending(70)], {
        send() {
          throw boom;
        },
      })
    ).toThrow(boom);
  });

  test("ports that are no longer bound are refused here as there", () => {
    const stale =
      `{"side":"events","call":"bindInterdomain","file":1,"domid":0,"remotePort":70,"error":{"code":"port-refused"}}`;
    expect(run([bind(0, 70), port("unbind", 70), stale]).difference).toBe(undefined);
    expect(run([bind(0, 70), stale]).difference?.got).toEqual({ bound: true });
  });

  test("an unmap notify names the port that stands for it, and not a stranger's", () => {
    const lines = [
      HEADER,
      open,
      bind(1, 70),
      `{"side":"grants","call":"open","file":2}`,
      `{"side":"grants","call":"grant","file":2,"page":0,"count":1,"domid":1,"writable":true,"grefs":[8]}`,
      `{"side":"grants","call":"notify","file":2,"page":0,"gref":8,"eventPort":70}`,
      `{"side":"grants","call":"notify","file":2,"page":0,"gref":8,"eventPort":1,"error":{"code":"notify-refused"}}`,
    ];
    const domain = new MockXen().domain(0);
    const report = replay(lines, { grants: domain.grants, events: domain.events });
    expect(report.difference?.message).toBe(undefined);
    expect(report.openAtEnd).toEqual(["1 port of file 1", "file 1", "1 page of file 2", "file 2"]);
    expect(report.left).toEqual([]);
  });
});

describe("a trace of event channels written by hand", () => {
  const events = new MockXen().domain(1).events;
  const problem = (...lines: string[]) => thrown(() => replay([HEADER, ...lines], { events })).message;
  const open = `{"side":"events","call":"open","file":1}`;

  test("that cannot be is refused, with the line", () => {
    expect(problem(`{"side":"events","call":"open","file":1,"end":1}`)).toMatch(
      /line 2 `end` must be of a backend that is given: current value is 1, and 1 are given/,
    );
    expect(problem(`{"side":"events","call":"open","file":1,"end":-1}`)).toContain("`end` must be a whole number");
    expect(problem(open, `{"side":"events","call":"notify","file":1,"port":4}`)).toMatch(
      /line 3 `port` must be one that is bound in its file: current value is 4/,
    );
    expect(problem(open, `{"side":"events","call":"notify","file":2,"port":4}`)).toContain("`file` must be one");
    expect(problem(open, `{"side":"events","call":"bindUnbound","file":1,"domid":40000,"port":1}`)).toContain(
      "`domid`",
    );
    expect(problem(open, `{"side":"events","call":"bindUnbound","file":1,"domid":4}`)).toContain(
      "`port` must be there",
    );
    expect(problem(open, `{"side":"events","call":"bindInterdomain","file":1,"domid":4,"port":1}`)).toContain(
      "remotePort",
    );
    expect(problem(open, `{"side":"events","call":"pending","file":1}`)).toContain("`ports` must be there");
    expect(problem(open, `{"side":"events","call":"grant","file":1}`)).toContain("must be of a known call");
    expect(problem(`{"side":"maps","call":"copy","file":1,"segments":[]}`)).toContain("at least one");
    const none = thrown(() => replay([HEADER, open], {})).message;
    expect(none).toContain("Give one for each end as the option `events`");
  });

  test("whose segments or domains cannot be is refused", () => {
    const place = (offset: number) => `{"domid":1,"gref":8,"offset":${offset}}`;
    for (
      const segment of [
        `{"length":1}`,
        `{"from":${place(0)}}`,
        `{"from":${place(0)},"length":0}`,
        `{"from":${place(0)},"length":4097}`,
        `{"from":${place(1)},"length":4096}`,
        `{"to":${place(-1)},"length":1}`,
        `{"to":null,"length":1}`,
        `{"to":{"domid":1,"offset":0},"length":1}`,
        `{"to":{"domid":40000,"gref":8,"offset":0},"length":1}`,
        "null",
        "7",
      ]
    ) {
      const line = `{"side":"maps","call":"copy","file":1,"segments":[${segment}],"statuses":[0]}`;
      expect(() => parseTrace([HEADER, line])).toThrow("`segments` must be an array of segments");
    }
    const map = (domid: string) =>
      `{"side":"maps","call":"map","file":1,"domid":${domid},"grefs":[8,9],"writable":true,"mapping":1,"bytes":8192}`;
    expect(() => parseTrace([HEADER, map("[1]")])).toThrow("the length of `domid` must be that of `grefs`, 2");
    expect(() => parseTrace([HEADER, map("[1,40000]")])).toThrow("or an array of such numbers");
    expect(parseTrace([HEADER, map("[1,2]")]).calls.length).toBe(1);
  });

  test("options that make no sense are refused", () => {
    const bad = (options: object) => () => replay([HEADER], options as ReplayOptions);
    expect(bad({ send: 7 })).toThrow("`send` must be a function: current value is 7");
    expect(bad({ remotePorts: null })).toThrow("`remotePorts` must be an object");
    expect(bad({ remotePorts: { 1: 131_072 } })).toThrow("must be a whole number from 0 to 131071");
  });
});

describe("a backend of event channels that lies", () => {
  function lying(methods: Partial<EventFile>): EventBackend {
    const file: EventFile = {
      bindUnbound: () => 1,
      bindInterdomain: () => 2,
      bindVirq: () => 3,
      notify() {},
      pending: () => [],
      unmask() {},
      whenPending: () => () => {},
      unbind() {},
      close() {},
      ...methods,
    };
    return { name: "lying", open: () => file };
  }

  function record(backend: EventBackend, use: (file: EventFile) => void) {
    const lines: string[] = [];
    const recorder = new Recorder((line) => lines.push(line));
    use(recorder.events(backend).open());
    expect(recorder.failure).toBe(undefined);
    return lines;
  }

  test("about ports is recorded, and replayed as a liar", () => {
    for (const lie of [undefined, null, "1", -1, 0.5, NaN, {}, [1]]) {
      const backend = lying({ bindUnbound: () => lie as number });
      const trace = record(backend, (file) => expect(file.bindUnbound(0)).toBe(lie));
      expect(replay(trace, { events: backend }).difference?.message).toBe(undefined);
      expect(replay(trace, { events: lying({}) }).difference?.got).toEqual({ bound: true });
    }
    // The same port twice: the name is the newer one's.
    const twice = record(lying({}), (file) => {
      file.bindUnbound(0);
      file.bindUnbound(0);
      file.notify(1);
    });
    expect(replay(twice, { events: lying({}) })).toMatchObject({ calls: 4, left: [] });
  });

  test("about events is recorded, and replayed as a liar", () => {
    for (const lie of [undefined, null, "1", 7, {}, [-1], ["1"], [[1]]]) {
      const backend = lying({ pending: () => lie as number[] });
      const trace = record(backend, (file) => expect(file.pending()).toBe(lie));
      expect(replay(trace, { events: backend }).difference?.message).toBe(undefined);
      expect(replay(trace, { events: lying({}) }).difference?.got).toEqual({ ports: [] });
    }
    // Events of ports that were never bound.
    const backend = lying({ pending: () => [4, 5] });
    const trace = record(backend, (file) => file.pending());
    expect(replay(trace, { events: lying({ pending: () => [5] }) }).difference?.got).toEqual({ ports: [5] });
    const none = record(lying({}), (file) => file.pending());
    expect(replay(none, { events: backend }).difference?.got).toEqual({ ports: [4, 5] });
  });

  test("that gives no way to stop waiting, or fails to, is recorded and replayed", () => {
    const boom = () => {
      throw new Error("boom");
    };
    for (const whenPending of [() => undefined as unknown as () => void, boom]) {
      const backend = lying({ whenPending });
      const trace = record(backend, (file) => {
        try {
          file.whenPending(() => {});
        } catch {
          // As the library would.
        }
      });
      expect(replay(trace, { events: backend }).difference?.message).toBe(undefined);
    }
    const waits = record(lying({}), (file) => file.whenPending(() => {})());
    expect(replay(waits, { events: lying({ whenPending: boom }) }).difference?.got.error?.message).toBe("boom");
  });

  test("a recorder passes callbacks and what stops them as they are", () => {
    const stop = () => {};
    let given: unknown;
    const backend = lying({
      whenPending: (callback) => {
        given = callback;
        return stop;
      },
    });
    const callback = () => {};
    record(backend, (file) => expect(file.whenPending(callback)).toBe(stop));
    expect(given).toBe(callback);
  });

  test("what cannot be closed at the end is told, and the ports of a file that is closed are gone", () => {
    const trace = record(lying({}), (file) => void file.bindUnbound(0));
    const broken = lying({
      close() {
        throw new Error("boom");
      },
    });
    expect(replay(trace, { events: broken }).left).toEqual(["file 1: boom"]);
  });
});
