/** The example of a ring of messages: both sides, and what each does when the other one is gone or hostile. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { CLIENT_LINE, OPEN, pageOf, RING_BYTES, SERVER_LINE, WORD } from "../../examples/ring/layout.ts";
import {
  connect,
  MAX_MESSAGE,
  type MessageRing,
  PeerError,
  PeerGoneError,
  serve,
} from "../../examples/ring/message_ring.ts";
import { Reader, Writer } from "../../examples/ring/one_way.ts";
import { EventChannels, GrantDevice, GrantMapper, type WritableMapping } from "../../mod.ts";

const SERVER = 1;
const CLIENT = 0;

/** Makes two programs, each in a domain of its own. At the end of the test they must have given everything back. */
function programs() {
  const xen = new MockXen();
  const [serverProcess, clientProcess] = [xen.domain(SERVER).process(), xen.domain(CLIENT).process()];
  const device = new GrantDevice(serverProcess);
  const mapper = new GrantMapper(clientProcess);
  const serverEvents = new EventChannels(serverProcess);
  const clientEvents = new EventChannels(clientProcess);
  const allocator = device.open();
  const begin = () => serve(allocator, serverEvents, CLIENT);
  return { xen, serverProcess, clientProcess, device, mapper, serverEvents, clientEvents, allocator, begin };
}

/** Makes a server and its client. */
function pair() {
  const all = programs();
  const { ring: server, gref, port } = all.begin();
  const client = connect(all.mapper, all.clientEvents, SERVER, gref, port);
  const finish = () => {
    client.close();
    server.close();
    all.device.close();
    all.mapper.close();
    all.xen.assertClean();
  };
  return { ...all, server, client, finish };
}

/** Makes a server. The test is its client, and writes anything into the page. */
function hostile() {
  const all = programs();
  const { ring, gref, port } = all.begin();
  const view: WritableMapping = all.mapper.map(SERVER, [gref], { writable: true });
  const channel = all.clientEvents.bindInterdomain(SERVER, port);
  const words = new Int32Array(view.bytes.buffer, view.bytes.byteOffset, 1024);
  const line = (word: number) => CLIENT_LINE / 4 + word;
  words[line(WORD.open)] = OPEN;
  return { ...all, ring, view, channel, words, line };
}

const text = (message: string) => new TextEncoder().encode(message);
const bytes = (length: number, first = 0) => Uint8Array.from({ length }, (_, index) => first + index);

test("`Writer` and `Reader` go on when their indices wrap at 2³²", () => {
  const memory = new Uint8Array(4096);
  const start = 2 ** 32 - 3 * RING_BYTES;
  const [ours, theirs] = [pageOf(memory, "server"), pageOf(memory, "client")];
  for (const line of [ours.own, ours.other]) line.fill(start | 0, WORD.produced, WORD.consumed + 1);
  const [writer, reader] = [new Writer(ours, start), new Reader(theirs, start)];
  for (let number = 0; number < 100; number++) {
    expect(writer.write(bytes(600, number))).toBe(true);
    expect(writer.write(bytes(600, number))).toBe(false);
    expect(reader.read()).toEqual(bytes(600, number));
    expect(reader.read()).toBe(undefined);
  }
  expect(ours.own[WORD.produced]).toBe(100 * 604 - 3 * RING_BYTES);
});

describe("`MessageRing`", () => {
  test("delivers messages of every length in order, across the end of the ring, in both directions", async () => {
    const { server, client, finish } = pair();
    const lengths = [0, 1, 3, 4, 5, MAX_MESSAGE, MAX_MESSAGE - 1, 600, 600, 600, 0, 7];
    for (const [from, to] of [[client, server], [server, client]] as const) {
      const send = async () => {
        for (const [number, length] of lengths.entries()) await from.send(bytes(length, number));
        from.finish();
      };
      const receive = async () => {
        const received = [];
        for await (const message of to) received.push(message);
        return received;
      };
      const [, received] = await Promise.all([send(), receive()]);
      expect(received).toEqual(lengths.map((length, number) => bytes(length, number)));
    }
    finish();
  });

  test("`send()` waits while the ring is full, and goes on when the other side reads", async () => {
    const { server, client, finish } = pair();
    await client.send(bytes(MAX_MESSAGE));
    let sent = false;
    const waiting = client.send(text("next")).then(() => sent = true);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(sent).toBe(false);
    expect((await server.receive())?.length).toBe(MAX_MESSAGE);
    await waiting;
    expect(await server.receive()).toEqual(text("next"));
    finish();
  });

  test("`send()` keeps the order of its calls, even if a message that waits is longer than the next", async () => {
    const { server, client, finish } = pair();
    await client.send(bytes(600));
    const gaveUp = client.send(bytes(500), { signal: AbortSignal.timeout(5) });
    await expect(gaveUp).rejects.toMatchObject({ name: "TimeoutError" });
    const controller = new AbortController();
    const sends = [client.send(bytes(600, 1)), client.send(bytes(600, 2), { signal: controller.signal })];
    sends.push(client.send(text("short")), client.send(bytes(700, 3)));
    controller.abort();
    await expect(sends.splice(1, 1)[0]).rejects.toMatchObject({ name: "AbortError" });
    const received: (Uint8Array | undefined)[] = [];
    for (let number = 0; number < 4; number++) received.push(await server.receive());
    await Promise.all(sends);
    expect(received).toEqual([bytes(600), bytes(600, 1), text("short"), bytes(700, 3)]);
    finish();
  });

  test("`send()` resolves for all messages that one read makes room for", async () => {
    const { server, client, finish } = pair();
    await client.send(bytes(600));
    const sends = [client.send(bytes(600, 1)), client.send(text("short"))];
    // The event with which a channel begins has come by then.
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect(await server.receive()).toEqual(bytes(600));
    await Promise.all(sends);
    expect(await server.receive()).toEqual(bytes(600, 1));
    expect(await server.receive()).toEqual(text("short"));
    finish();
  });

  test("`send()` sends the next message when the first one gives up and the other side reads", async () => {
    const { server, client, finish } = pair();
    await client.send(bytes(500));
    const controller = new AbortController();
    const first = client.send(bytes(900), { signal: controller.signal });
    const second = client.send(text("short"));
    controller.abort();
    await expect(first).rejects.toMatchObject({ name: "AbortError" });
    expect(await server.receive()).toEqual(bytes(500));
    await second;
    expect(await server.receive()).toEqual(text("short"));
    finish();
  });

  test("sends and receives at the same time while both rings are full", async () => {
    const { server, client, finish } = pair();
    const talk = async (ring: MessageRing) => {
      const send = async () => {
        for (let number = 0; number < 50; number++) await ring.send(bytes(900, number));
        ring.finish();
      };
      const receive = async () => {
        let number = 0;
        for await (const message of ring) expect(message).toEqual(bytes(900, number++));
        expect(number).toBe(50);
      };
      await Promise.all([send(), receive()]);
    };
    await Promise.all([talk(server), talk(client)]);
    finish();
  });

  test("refuses a message that is too long, and one after `finish()`", async () => {
    const { client, finish } = pair();
    await expect(client.send(bytes(MAX_MESSAGE + 1))).rejects.toThrow(
      `at most ${MAX_MESSAGE} bytes: current value is ${MAX_MESSAGE + 1}`,
    );
    client.finish();
    await expect(client.send(text("more"))).rejects.toThrow("this side has finished");
    finish();
  });

  test("a signal ends a wait, and nothing is lost", async () => {
    const { server, client, finish } = pair();
    await expect(server.receive({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ name: "TimeoutError" });
    await client.send(text("late"));
    expect(await server.receive()).toEqual(text("late"));
    finish();
  });

  test("`connected()` waits for the client, even for one that is gone again", async () => {
    const { begin, mapper, clientEvents } = programs();
    const { ring, gref, port } = begin();
    let connected = false;
    const waiting = ring.connected().then(() => connected = true);
    await Promise.resolve();
    expect(connected).toBe(false);
    connect(mapper, clientEvents, SERVER, gref, port).close();
    await waiting;
    await ring.connected();
    await expect(ring.receive()).rejects.toThrow(PeerGoneError);
    ring.close();
  });

  test("`receive()` returns what was sent before the other side closed, then the end", async () => {
    for (const which of ["server", "client"] as const) {
      const both = pair();
      const [goes, stays] = which === "server" ? [both.server, both.client] : [both.client, both.server];
      await goes.send(text("last words"));
      goes.finish();
      goes.close();
      expect(await stays.receive()).toEqual(text("last words"));
      expect(await stays.receive()).toBe(undefined);
      await expect(stays.send(text("hello?"))).rejects.toThrow(PeerGoneError);
      both.finish();
    }
  });

  test("a side that waits learns when the other one closes without finishing", async () => {
    for (const which of ["server", "client"] as const) {
      const both = pair();
      const [goes, stays] = which === "server" ? [both.server, both.client] : [both.client, both.server];
      await goes.send(text("last words"));
      const first = await stays.receive();
      const second = stays.receive();
      goes.close();
      await expect(second).rejects.toThrow(PeerGoneError);
      expect(first).toEqual(text("last words"));
      both.finish();
    }
  });

  test("a side that waits learns when the other one is killed", async () => {
    for (const which of ["server", "client"] as const) {
      const both = pair();
      const stays = which === "server" ? both.client : both.server;
      const full = stays.send(bytes(MAX_MESSAGE)).then(() => stays.send(text("no room")));
      const waiting = stays.receive();
      const answers = Promise.allSettled([full, waiting]);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      (which === "server" ? both.serverProcess : both.clientProcess).kill();
      for (const answer of await answers) expect(answer).toMatchObject({ reason: expect.any(PeerGoneError) });
      stays.close();
    }
  });

  test("a side does not learn when the domain of the other one is destroyed: only a signal ends its wait", async () => {
    for (const [which, domid] of [["server", SERVER], ["client", CLIENT]] as const) {
      const both = pair();
      const stays = which === "server" ? both.client : both.server;
      both.xen.domain(domid).destroy();
      await expect(stays.receive({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ name: "TimeoutError" });
      await stays.send(text("to nobody"));
      stays.close();
    }
  });

  test("`close()` right after `send()` and `receive()` does not affect them", async () => {
    const { server, client, finish } = pair();
    await client.send(text("first"));
    const [received, sent] = [server.receive(), client.send(text("second"))];
    server.close();
    client.close();
    expect(await received).toEqual(text("first"));
    await sent;
    finish();
  });

  test("`close()` ends the waits of its own side, and can be called twice", async () => {
    const { server, client, finish } = pair();
    const waiting = server.receive();
    server.close();
    server.close();
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    await expect(server.send(text("more"))).rejects.toThrow("this side is closed");
    expect(() => server.finish()).toThrow("this side is closed");
    client.close();
    finish();
  });
});

describe("`serve()` and `connect()`", () => {
  test("leave nothing behind when they fail", () => {
    const { xen, begin, device, mapper, clientEvents, allocator } = programs();
    expect(() => connect(mapper, clientEvents, SERVER, 8, 1)).toThrow("port 1");
    const { ring, port } = begin();
    expect(() => connect(mapper, clientEvents, SERVER, 99, port)).toThrow("reference 99");
    const other = allocator.allocate(CLIENT, { writable: true });
    expect(() => connect(mapper, clientEvents, SERVER, other.grefs[0]!, port)).toThrow(PeerError);
    ring.close();
    device.limit = device.inspect().live;
    expect(() => begin()).toThrow("limit");
    device.close();
    xen.assertClean();
  });
});

describe("a hostile client", () => {
  test("that claims more bytes in its ring than fit, or fewer than none", async () => {
    for (const produced of [RING_BYTES + 1, -1, -4, 0x7fff_ffff, -0x8000_0000]) {
      const { ring, words, line, channel } = hostile();
      words[line(WORD.produced)] = produced;
      channel.notify();
      await expect(ring.receive()).rejects.toThrow(PeerError);
      await expect(ring.receive()).rejects.toThrow(PeerError);
      ring.close();
    }
  });

  test("that sends messages longer than the ring, or longer than what it has written", async () => {
    for (const [length, produced] of [[RING_BYTES, RING_BYTES], [-1, RING_BYTES], [5, 8], [4, 4], [1, 4], [0, 2]]) {
      const { ring, words, line } = hostile();
      words[2048 / 4] = length!;
      words[line(WORD.produced)] = produced!;
      await expect(ring.receive()).rejects.toThrow(PeerError);
      ring.close();
    }
  });

  test("that claims to have read what was never written", async () => {
    for (const consumed of [1, 4, RING_BYTES, -1 - RING_BYTES]) {
      const { ring, words, line } = hostile();
      words[line(WORD.consumed)] = consumed;
      await expect(ring.send(text("hello"))).rejects.toThrow(PeerError);
      ring.close();
    }
  });

  test("that overwrites the server's words: the server does not read them back", async () => {
    const { ring, words, channel } = hostile();
    await ring.send(text("one"));
    words.fill(0x5555, SERVER_LINE / 4, SERVER_LINE / 4 + 5);
    await ring.send(text("two"));
    expect(words[SERVER_LINE / 4 + WORD.produced]).toBe(16);
    channel.notify();
    ring.close();
  });

  test("that changes a message while it is read: the server has a copy", async () => {
    const { ring, words, line } = hostile();
    words[2048 / 4] = 4;
    words[2048 / 4 + 1] = 7;
    words[line(WORD.produced)] = 8;
    const message = await ring.receive();
    words[2048 / 4 + 1] = 8;
    expect([...message!]).toEqual([7, 0, 0, 0]);
    ring.close();
  });

  test("that sends events for nothing: the server looks, and sleeps again", async () => {
    const { ring, words, line, channel } = hostile();
    const waiting = ring.receive();
    for (let turn = 0; turn < 100; turn++) {
      channel.notify();
      await Promise.resolve();
    }
    words[2048 / 4] = 0;
    words[line(WORD.produced)] = 4;
    channel.notify();
    expect((await waiting)?.length).toBe(0);
    ring.close();
  });
});
