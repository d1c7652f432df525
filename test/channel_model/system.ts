import { Faults } from "../../backends/faults.ts";
import { type MockProcess, MockXen } from "../../backends/mock.ts";
import type { MachineState } from "../../backends/mock/kernel.ts";
import { machineState } from "../../backends/mock/xen.ts";
import {
  type EventChannel,
  EventChannels,
  type GrantAllocator,
  type GrantCopy,
  GrantDevice,
  GrantError,
  GrantMapper,
  type PeerMapping,
  type SharedPages,
} from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { type Answer, answerOf, writeByte } from "../support/model.ts";
import type { Fallible, Place, Segment, Step } from "./steps.ts";

interface Program {
  domid: number;
  process: MockProcess;
  device: GrantDevice;
  allocator: GrantAllocator;
  mapper: GrantMapper;
  events: EventChannels;
}

/** A wait for an event. The outcome is `"woken"`, or the code of an error. */
interface Waiter {
  readonly channel: number;
  outcome?: string;
}

/** The kind and the part of the calls that a failure is for. */
const FAILURES = {
  map: ["map", "maps"],
  unmap: ["unmap", "maps"],
  copy: ["copy", "maps"],
  notify: ["notify", "maps"],
  bind: ["bind", "events"],
  send: ["notify", "events"],
  unbind: ["unbind", "events"],
  wait: ["wait", "events"],
  pending: ["pending", "events"],
  unmask: ["unmask", "events"],
} as const satisfies Record<Fallible, unknown>;

/** Returns a backend whose only file is open already, so that it makes no difference when a program opens it. */
function opened<F>(backend: { name: string; open(): F }): { name: string; open(): F } {
  const file = backend.open();
  return { name: backend.name, open: () => file };
}

/** The library on a simulated Xen, driven by steps. */
export class System {
  readonly xen = new MockXen({ tableFrames: 1 });
  readonly machine: MachineState = machineState(this.xen);
  readonly programs: Program[] = [];
  /** All pages that were ever granted. */
  readonly pages: { program: number; shared: SharedPages; page: number; gref: number }[] = [];
  readonly mappings: PeerMapping[] = [];
  readonly channels: { domid: number; channel: EventChannel }[] = [];
  readonly waiters: Waiter[] = [];
  readonly #faults = new Faults();
  /** The references or the port that the last step gave. */
  given: number[] = [];
  /** What the segments of the last copy copied into memory. */
  copied: (number[] | undefined)[] = [];

  constructor() {
    for (const domid of [0, 1, 2]) this.xen.domain(domid);
  }

  /** How often a call for waiting was made to fail. */
  get failedWaiting(): number {
    const kinds = ["wait", "pending", "unmask"] as const;
    return kinds.reduce((sum, kind) => sum + this.#faults.injected(kind, "events"), 0);
  }

  /** Does a step, and returns its answer. */
  apply(step: Step): Answer {
    this.given = [];
    this.copied = [];
    return answerOf(() => this.#apply(step));
  }

  #apply(step: Step): Answer {
    switch (step.do) {
      case "start":
        return this.#start(step.domid);
      case "kill":
        this.programs[step.program]!.process.kill();
        return 0;
      case "destroy":
        if (this.machine.find(step.domid)) this.xen.domain(step.domid).destroy();
        return 0;
      case "allocate": {
        const { program, pages, domid, writable } = step;
        const shared = this.programs[program]!.allocator.allocate(domid, { pages, writable });
        this.given = [...shared.grefs];
        const first = this.pages.length;
        for (const [page, gref] of shared.grefs.entries()) this.pages.push({ program, shared, page, gref });
        return first;
      }
      case "free": {
        const { shared, page } = this.pages[step.page]!;
        shared.free({ start: page, count: 1 });
        return 0;
      }
      case "pageNotify": {
        const { shared, page } = this.pages[step.page]!;
        shared.setUnmapNotify(this.#notify(step), page);
        return 0;
      }
      case "map": {
        const grants = step.pages.map((page) => this.#grant(page));
        const { mapper } = this.programs[step.program]!;
        return this.mappings.push(mapper.mapGrants(grants, { writable: step.writable })) - 1;
      }
      case "unmap":
        this.mappings[step.mapping]!.unmap();
        return 0;
      case "write":
        return writeByte(this.mappings[step.mapping]!, step.byte, step.value);
      case "notify":
        this.mappings[step.mapping]!.setUnmapNotify(this.#notify(step));
        return 0;
      case "copy":
        return this.#copy(this.programs[step.program]!.mapper, step.segments);
      case "bind":
        return this.#bind(step.program, (events) => events.bindUnbound(step.domid));
      case "connect": {
        const { domid, channel } = this.channels[step.channel]!;
        return this.#bind(step.program, (events) => events.bindInterdomain(domid, channel.port));
      }
      case "send":
        this.channels[step.channel]!.channel.notify();
        return 0;
      case "wait":
        this.#wait(step.channel);
        return 0;
      case "unbind":
        this.channels[step.channel]!.channel.unbind();
        return 0;
      case "fail":
        this.#fail(step.call, step.after);
        return 0;
    }
  }

  #start(domid: number): Answer {
    const process = this.xen.domain(domid).process();
    const device = new GrantDevice(process, { core: debugCore });
    const domain = this.#faults.wrap({ maps: opened(process.maps), events: opened(process.events) });
    return this.programs.push({
      domid,
      process,
      device,
      allocator: device.open(),
      mapper: new GrantMapper(domain),
      events: new EventChannels(domain),
    }) - 1;
  }

  #grant(page: number): { domid: number; gref: number } {
    const { program, gref } = this.pages[page]!;
    return { domid: this.programs[program]!.domid, gref };
  }

  #notify({ clearByte, channel }: { clearByte: number | null; channel: number | null }) {
    return {
      ...(clearByte === null ? {} : { clearByte }),
      ...(channel === null ? {} : { eventPort: this.channels[channel]!.channel.port }),
    };
  }

  #bind(program: number, bind: (events: EventChannels) => EventChannel): Answer {
    const { domid, events } = this.programs[program]!;
    const channel = bind(events);
    this.given = [channel.port];
    return this.channels.push({ domid, channel }) - 1;
  }

  #copy(mapper: GrantMapper, segments: readonly Segment[]): Answer {
    const place = ({ page, offset }: Place) => ({ ...this.#grant(page), offset });
    const made = segments.map(({ from, to, length, value }): GrantCopy => ({
      from: from ? place(from) : new Uint8Array(length).fill(value),
      to: to ? place(to) : new Uint8Array(length),
      length,
    }));
    const statuses = mapper.copy(made);
    this.copied = made.filter((_, index) => statuses[index] === "okay").map(({ to }) =>
      to instanceof Uint8Array ? [...to] : undefined
    );
    return statuses.join();
  }

  #wait(channel: number): void {
    const waiter: Waiter = { channel };
    this.waiters.push(waiter);
    this.channels[channel]!.channel.wait().then(
      () => waiter.outcome = "woken",
      (error) => waiter.outcome = error instanceof GrantError ? error.code : String(error),
    );
  }

  #fail(call: Fallible, after: number | null): void {
    const [kind, part] = FAILURES[call];
    if (call === "copy" && after !== null) this.#faults.fail("copy", { part, afterSegments: after });
    else this.#faults.fail(kind, { part, when: after === null ? "before" : "after" });
  }

  /** Ends everything that programs would end. */
  finish(): void {
    this.#faults.clear();
    for (const mapping of this.mappings) mapping.unmap();
    for (const { device, mapper, events } of this.programs) {
      mapper.close();
      events.close();
      device.close();
    }
    this.xen.assertClean();
  }
}
