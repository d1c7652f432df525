/**
 * A program that uses pages and event channels on request. It takes the same requests as ../peer/peer.c, and gives the
 * same answers. It is the same on Deno, on Node, and on the simulated Xen.
 */

// Only types: on Node, the library comes from the npm package.
import type {
  CopyPlace,
  EventChannel,
  EventChannels,
  GrantAllocator,
  GrantCopy,
  GrantDevice,
  GrantMapper,
  Mapping,
  UnmapNotify,
  WritableMapping,
  XenDomain,
} from "../../../mod.ts";
import { talk } from "./talk.ts";
import { type VchanParts, VchanVerbs } from "./vchan/verbs.ts";

/** The parts of a runtime that it uses. */
interface Parts {
  readonly library: {
    readonly GrantDevice: new (domain: XenDomain) => GrantDevice;
    readonly GrantMapper: new (domain: XenDomain) => GrantMapper;
    readonly EventChannels: new (domain: XenDomain) => EventChannels;
  };
  readonly vchan: Omit<VchanParts, "domain">;
  readonly domain: XenDomain;
  /** Returns the domain's steady clock in nanoseconds. */
  now(): bigint;
  /** Returns the processor time of this program in nanoseconds. */
  processorTime(): bigint;
}

/** Memory, which requests name by a handle. */
interface Held {
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly mapping?: Mapping;
  setUnmapNotify?(notify: UnmapNotify): void;
  letGo?(): void;
}

/** Less than the four minutes of a test. */
const TALK_SECONDS = 150;

/** Xen's statuses. The index is the negative of the status. */
const STATUSES = [
  "okay",
  "general_error",
  "bad_domain",
  "bad_gntref",
  "bad_handle",
  "bad_virt_addr",
  "bad_dev_addr",
  "no_device_space",
  "permission_denied",
  "bad_page",
  "bad_copy_arg",
  "address_too_big",
  "eagain",
  "no_space",
];

export class PeerProgram {
  readonly #parts: Parts;
  readonly #allocator: GrantAllocator;
  readonly #device: GrantDevice;
  readonly #mapper: GrantMapper;
  readonly #events: EventChannels;
  readonly #vchans: VchanVerbs;
  readonly #channels = new Map<number, EventChannel>();
  readonly #held: (Held | undefined)[] = [];
  /** Ports whose events were taken, and not yet reported. */
  readonly #came: number[] = [];

  constructor(parts: Parts) {
    const { library, domain } = parts;
    this.#parts = parts;
    this.#device = new library.GrantDevice(domain);
    this.#allocator = this.#device.open();
    this.#mapper = new library.GrantMapper(domain);
    this.#events = new library.EventChannels(domain);
    this.#vchans = new VchanVerbs({ ...parts.vchan, domain });
  }

  /** Carries out the request of a line, and returns the answer, a line as well. */
  async answer(request: string): Promise<string> {
    const [verb = "", ...words] = request.split(" ");
    try {
      const run = this.#verbs[verb] ?? this.#vchans.table[verb];
      if (!run) throw new Error(`there is no verb ${verb}`);
      return ["ok", ...await run(words.map(Number), words)].join(" ");
    } catch (error) {
      return `error ${String(error).replaceAll("\n", " ")}`;
    }
  }

  /** Closes everything, so that nothing keeps the program alive. */
  close(): void {
    this.#vchans.close();
    this.#events.close();
    for (const held of this.#held) held?.letGo?.();
    this.#mapper.close();
    this.#device.close();
  }

  readonly #verbs: Record<string, (numbers: number[], words: string[]) => number[] | Promise<number[]>> = {
    share: ([domid, pages, writable]) => this.#share(domid!, pages!, writable!),
    "share-notify": ([domid, writable, byte, port]) => {
      const [handle, gref] = this.#share(domid!, 1, writable!) as [number, number];
      this.#find(handle).setUnmapNotify!(notify(byte!, port!));
      return [handle, gref];
    },
    unshare: ([handle]) => this.#letGo(handle!),
    map: ([domid, writable, ...grefs]) => [this.#map(domid!, writable!, grefs)],
    "map-notify": ([domid, writable, byte, port, gref]) => {
      const handle = this.#map(domid!, writable!, [gref!]);
      this.#find(handle).setUnmapNotify!(notify(byte!, port!));
      return [handle];
    },
    unmap: ([handle]) => this.#letGo(handle!),
    /** HANDLE BYTE PORT: changes or cancels the unmap notify. Xen's libraries cannot do that. */
    "change-notify": ([handle, byte, port]) => {
      this.#find(handle!).setUnmapNotify!(notify(byte!, port!));
      return [];
    },
    local: ([pages]) => [this.#keep({ bytes: new Uint8Array(pages! * 4096) })],
    read: ([handle, offset, length]) => {
      const { bytes, mapping } = this.#find(handle!);
      return [...(mapping ? mapping.read(offset!, length!) : bytes!.subarray(offset!, offset! + length!))];
    },
    write: ([handle, offset, ...values]) => {
      this.#bytes(handle!).set(values, offset!);
      return [];
    },
    copy: (_, words) => this.#copy(words),
    "bind-unbound": ([domid]) => this.#bound(this.#events.bindUnbound(domid!)),
    "bind-interdomain": ([domid, port]) => this.#bound(this.#events.bindInterdomain(domid!, port!)),
    "bind-virq": ([virq]) => this.#bound(this.#events.bindVirq(virq!)),
    unbind: ([port]) => {
      this.#channel(port!).unbind();
      this.#channels.delete(port!);
      return [];
    },
    notify: ([port]) => {
      this.#channel(port!).notify();
      return [];
    },
    wait: async ([milliseconds]) => [await this.#wait(milliseconds!)],
    talk: async ([count, slots, out, outPort, outSeed, back, backPort, backSeed]) => [
      await talk(
        count!,
        slots!,
        { bytes: this.#bytes(out!), channel: this.#channel(outPort!), seed: outSeed! },
        { bytes: this.#bytes(back!), channel: this.#channel(backPort!), seed: backSeed! },
        TALK_SECONDS,
      ),
    ],
    clock: ([count, handle]) => this.#clock(count!, handle!),
    idle: async ([milliseconds]) => {
      const before = this.#parts.processorTime();
      if (await this.#wait(milliseconds!)) throw new Error("an event has come");
      return [Number(this.#parts.processorTime() - before)];
    },
  };

  #keep(held: Held): number {
    return this.#held.push(held) - 1;
  }

  #find(handle: number): Held {
    const held = this.#held[handle];
    if (!held) throw new Error(`there is no memory ${handle}`);
    return held;
  }

  #bytes(handle: number): Uint8Array<ArrayBuffer> {
    const { bytes } = this.#find(handle);
    if (!bytes) throw new Error(`memory ${handle} is read-only`);
    return bytes;
  }

  #share(domid: number, count: number, writable: number): number[] {
    const pages = this.#allocator.allocate(domid, { pages: count, writable: writable === 1 });
    const mapping = pages.map();
    const handle = this.#keep({
      bytes: mapping.bytes,
      mapping,
      setUnmapNotify: (notify) => pages.setUnmapNotify(notify),
      letGo() {
        mapping.unmap();
        pages.free();
      },
    });
    return [handle, ...pages.grefs];
  }

  #map(domid: number, writable: number, grefs: number[]): number {
    const mapping = this.#mapper.map(domid, grefs, { writable: writable === 1 });
    return this.#keep({
      ...(writable === 1 ? { bytes: (mapping as unknown as WritableMapping).bytes } : {}),
      mapping,
      setUnmapNotify: (notify) => mapping.setUnmapNotify(notify),
      letGo: () => mapping.unmap(),
    });
  }

  #letGo(handle: number): number[] {
    const held = this.#find(handle);
    this.#held[handle] = undefined;
    held.letGo!();
    return [];
  }

  #copy(words: string[]): number[] {
    const rest = [...words];
    const segments: GrantCopy[] = [];
    const side = (length: number): CopyPlace | Uint8Array => {
      if (rest.shift() === "local") {
        const [handle, offset] = rest.splice(0, 2).map(Number) as [number, number];
        return this.#bytes(handle).subarray(offset, offset + length);
      }
      const [domid, gref, offset] = rest.splice(0, 3).map(Number) as [number, number, number];
      return { domid, gref, offset };
    };
    while (rest.length > 0) {
      const length = Number(rest.shift());
      const from = side(length);
      segments.push({ from, to: side(length), length });
    }
    return this.#mapper.copy(segments).map((status) => -STATUSES.indexOf(status));
  }

  #bound(channel: EventChannel): number[] {
    this.#channels.set(channel.port, channel);
    return [channel.port];
  }

  #channel(port: number): EventChannel {
    const channel = this.#channels.get(port);
    if (!channel) throw new Error(`port ${port} is not bound`);
    return channel;
  }

  /** Waits for an event on any port. Returns the port, or 0 if none comes in time. */
  async #wait(milliseconds: number): Promise<number> {
    if (this.#came.length === 0) {
      const enough = new AbortController();
      const timer = setTimeout(() => enough.abort(), milliseconds);
      const waits = [...this.#channels.values()].map(async (channel) => {
        await channel.wait({ signal: enough.signal });
        enough.abort();
        this.#came.push(channel.port);
      });
      const over = new Promise((resolve) => enough.signal.addEventListener("abort", resolve));
      await Promise.allSettled([...waits, over]);
      clearTimeout(timer);
    }
    return this.#came.shift() ?? 0;
  }

  /**
   * Returns how long events take to wake this program, in nanoseconds: the median and the 95th percentile. See `clock`
   * in ../peer/stream.c.
   */
  async #clock(count: number, handle: number): Promise<number[]> {
    const page = this.#bytes(handle);
    const sentAt = new BigInt64Array(page.buffer, page.byteOffset, 1);
    const number = new Int32Array(page.buffer, page.byteOffset + 8, 1);
    const times: number[] = [];
    const [channel] = this.#channels.values();
    let last = 0;
    for await (const _ of channel!.events()) {
      const woken = this.#parts.now();
      const current = Atomics.load(number, 0);
      if (current !== last) times.push(Number(woken - Atomics.load(sentAt, 0)));
      last = current;
      if (last >= count) break;
    }
    times.sort((a, b) => a - b);
    return [times[Math.floor(times.length / 2)]!, times[Math.floor(times.length * 0.95)]!];
  }
}

/** Returns a number, or `undefined` for -1. */
function notify(byte: number, port: number): UnmapNotify {
  return { ...(byte < 0 ? {} : { clearByte: byte }), ...(port < 0 ? {} : { eventPort: port }) };
}

/** Answers the lines of standard input until it ends. Then closes everything, and ends by itself. */
export async function serve(parts: Parts, lines: AsyncIterable<string>, print: (line: string) => void): Promise<void> {
  const program = new PeerProgram(parts);
  for await (const line of lines) print(await program.answer(line));
  program.close();
}
