/**
 * A model of what mappers, grant copies, event channels and unmap notifies do between domains, as simple as possible.
 * It is written from their description, and shares no code with the library.
 */
import type { Answer } from "../support/model.ts";
import type { Fallible, Segment, Step } from "./steps.ts";

interface Domain {
  /** Whether its programs run. */
  alive: boolean;
  /** Whether it still exists: a destroyed domain does while others map its pages. */
  there: boolean;
}

interface Program {
  domid: number;
  /** Whether it was neither killed nor destroyed with its domain. */
  alive: boolean;
}

interface Page {
  program: number;
  domid: number;
  to: number;
  gref: number;
  writable: boolean;
  /** Whether its program has not freed it. */
  listed: boolean;
  /** Whether its owner still keeps it. */
  kept: boolean;
  /** Whether it was freed while others mapped it. Then it ends with the last mapping. */
  deferred: boolean;
  /** Whether it is in the grant table. */
  granted: boolean;
  /** The number of mappings. */
  maps: number;
  /** The bytes that were written. */
  bytes: Map<number, number>;
  notify: Notify;
}

interface Notify {
  clearByte: number | null;
  port: Port | null;
}

export interface Mapping {
  program: number;
  pages: Page[];
  writable: boolean;
  ended: boolean;
  notify: Notify;
}

interface Port {
  domid: number;
  number: number;
  /** The domain that may be at the other end. */
  for: number;
  remote: Port | null;
  /** What keeps it bound: its channel, and the notifies that name it. */
  holders: number;
  channel: Channel | null;
}

interface Channel {
  program: number;
  port: Port;
  unbound: boolean;
  /** The number of events that were sent to it, and of those that have woken a waiter. */
  sent: number;
  woken: number;
  /** Whether a waiter must be woken: an event was sent since the last wake-up. */
  owed: boolean;
}

const NOTHING: Notify = { clearByte: null, port: null };

export class Model {
  readonly domains: Domain[] = [0, 1, 2].map(() => ({ alive: true, there: true }));
  readonly programs: Program[] = [];
  readonly pages: Page[] = [];
  readonly mappings: Mapping[] = [];
  readonly channels: Channel[] = [];
  readonly #ports = new Set<Port>();
  readonly #failures: { call: Fallible; after: number | null }[] = [];

  /**
   * What the segments of the last copy must have copied into memory. `undefined` for those that do not copy into
   * memory.
   */
  copied: (number[] | undefined)[] = [];

  alive(program: number): boolean {
    return this.programs[program]!.alive;
  }

  ports(domid: number): Port[] {
    return [...this.#ports].filter((port) => port.domid === domid);
  }

  granted(domid: number): Page[] {
    return this.pages.filter((page) => page.granted && page.domid === domid);
  }

  /**
   * Does a step, and returns the answer that it must have. `given` are the references, or the port, that the library
   * gave.
   */
  apply(step: Step, given: readonly number[]): Answer {
    this.copied = [];
    switch (step.do) {
      case "start":
        return this.#start(step.domid);
      case "kill":
        return this.#kill(step.program);
      case "destroy":
        return this.#destroy(step.domid);
      case "allocate":
        return this.#allocate(step.program, step.domid, step.writable, given);
      case "free":
        return this.#free(this.pages[step.page]!);
      case "pageNotify":
        return this.#pageNotify(this.pages[step.page]!, step.clearByte, step.channel);
      case "map":
        return this.#map(step.program, step.pages, step.writable);
      case "unmap":
        return this.#unmap(this.mappings[step.mapping]!);
      case "write":
        return this.#write(this.mappings[step.mapping]!, step.byte, step.value);
      case "notify":
        return this.#notify(this.mappings[step.mapping]!, step.clearByte, step.channel);
      case "copy":
        return this.#copy(step.program, step.segments);
      case "bind":
        return this.#bind(step.program, step.domid, null, given);
      case "connect":
        return this.#bind(step.program, this.channels[step.channel]!.port.domid, step.channel, given);
      case "send":
        return this.#send(this.channels[step.channel]!);
      case "wait":
        return 0;
      case "unbind":
        return this.#unbind(this.channels[step.channel]!);
      case "fail":
        this.#failures.push({ call: step.call, after: step.after });
        return 0;
    }
  }

  /** Makes a system call of a program, which may be planned to fail. Returns the answer. */
  #call(call: Fallible, program: number, act: (count: number) => Answer): Answer {
    const index = this.#failures.findIndex((failure) => failure.call === call);
    const after = index < 0 ? undefined : this.#failures[index]!.after;
    if (after === null) {
      this.#failures.splice(index, 1);
      return "backend-failed";
    }
    const answer = this.alive(program) ? act(after ?? Infinity) : "closed";
    // A call that fails by itself does not use up the planned failure.
    if (after === undefined || answer === "closed" || answer === "map-refused" || answer === "port-refused") {
      return answer;
    }
    this.#failures.splice(index, 1);
    return "backend-failed";
  }

  #start(domid: number): Answer {
    if (!this.domains[domid]!.there) this.domains[domid] = { alive: true, there: true };
    if (!this.domains[domid]!.alive) return "closed";
    return this.programs.push({ domid, alive: true }) - 1;
  }

  #allocate(program: number, to: number, writable: boolean, grefs: readonly number[]): Answer {
    if (!this.alive(program)) return "closed";
    const first = this.pages.length;
    const { domid } = this.programs[program]!;
    for (const gref of grefs) {
      const state = {
        listed: true,
        kept: true,
        deferred: false,
        granted: true,
        maps: 0,
        bytes: new Map(),
        notify: NOTHING,
      };
      this.pages.push({ program, domid, to, gref, writable, ...state });
    }
    return first;
  }

  #free(page: Page): Answer {
    if (!page.listed) return "not-found";
    page.listed = false;
    if (this.alive(page.program)) this.#release(page);
    return 0;
  }

  /** Releases a page of its owner: clears the byte, sends the event, and then ends access. */
  #release(page: Page): void {
    if (!page.kept) return;
    page.kept = false;
    const { clearByte, port } = page.notify;
    if (clearByte !== null) page.bytes.set(clearByte, 0);
    this.#fire(port);
    page.notify = NOTHING;
    if (page.maps === 0) page.granted = false;
    else page.deferred = true;
  }

  #fire(port: Port | null): void {
    if (!port) return;
    if (port.remote) arrive(port.remote);
    this.#letGo(port);
  }

  #pageNotify(page: Page, clearByte: number | null, channel: number | null): Answer {
    if (!page.listed) return "not-found";
    if (!this.alive(page.program)) return "closed";
    const notify = this.#setNotify(page.domid, page.notify, clearByte, channel);
    if (!notify) return "notify-refused";
    page.notify = notify;
    return 0;
  }

  /** Replaces a notify. Returns nothing if the port of the channel is not bound in the domain. */
  #setNotify(domid: number, old: Notify, clearByte: number | null, channel: number | null): Notify | undefined {
    let port: Port | null = null;
    if (channel !== null) {
      const { number } = this.channels[channel]!.port;
      port = this.ports(domid).find((one) => one.number === number) ?? null;
      if (!port) return undefined;
      port.holders++;
    }
    if (old.port) this.#letGo(old.port);
    return { clearByte, port };
  }

  /** Returns the page that now has the reference of a page that was granted once. */
  #find({ domid, gref }: Page): Page | undefined {
    return this.granted(domid).find((page) => page.gref === gref);
  }

  #map(program: number, numbers: readonly number[], writable: boolean): Answer {
    return this.#call("map", program, (after) => {
      const pages = numbers.map((number) => this.#find(this.pages[number]!));
      const { domid } = this.programs[program]!;
      for (const page of pages) {
        if (!page || page.to !== domid || (writable && !page.writable)) return "map-refused";
        if (!this.domains[page.domid]!.alive && page.maps === 0) return "map-refused";
      }
      // The failed call would unmap it at once.
      if (after !== Infinity) return 0;
      const found = pages as Page[];
      for (const page of found) page.maps++;
      return this.mappings.push({ program, pages: found, writable, ended: false, notify: NOTHING }) - 1;
    });
  }

  #unmap(mapping: Mapping): Answer {
    if (mapping.ended) return 0;
    mapping.ended = true;
    // The mappings of a program that ended are unmapped already.
    if (this.alive(mapping.program)) this.#end(mapping, true);
    const index = this.#failures.findIndex(({ call }) => call === "unmap");
    if (index < 0) return 0;
    this.#failures.splice(index, 1);
    return "backend-failed";
  }

  /** Ends a mapping, as the system does: clears the byte, and sends the event. */
  #end(mapping: Mapping, fires: boolean): void {
    const { clearByte, port } = mapping.notify;
    mapping.notify = NOTHING;
    if (fires && clearByte !== null) {
      mapping.pages[Math.floor(clearByte / 4096)]!.bytes.set(clearByte % 4096, 0);
    }
    if (fires) this.#fire(port);
    for (const page of mapping.pages) {
      page.maps--;
      if (page.maps === 0 && page.deferred) page.granted = false;
    }
    for (const page of mapping.pages) this.#bury(page.domid);
  }

  /** Removes a destroyed domain when nobody maps its pages. */
  #bury(domid: number): void {
    const domain = this.domains[domid]!;
    if (domain.alive || this.granted(domid).some((page) => page.maps > 0)) return;
    domain.there = false;
    for (const page of this.granted(domid)) page.granted = false;
  }

  #write(mapping: Mapping, byte: number, value: number): Answer {
    if (mapping.ended || !mapping.writable) return "dead";
    mapping.pages[Math.floor(byte / 4096)]!.bytes.set(byte % 4096, value);
    return 0;
  }

  #notify(mapping: Mapping, clearByte: number | null, channel: number | null): Answer {
    if (mapping.ended) return "closed";
    if (clearByte !== null && !mapping.writable) return "notify-refused";
    return this.#call("notify", mapping.program, () => {
      const { domid } = this.programs[mapping.program]!;
      const notify = this.#setNotify(domid, mapping.notify, clearByte, channel);
      if (!notify) return "notify-refused";
      mapping.notify = notify;
      return 0;
    });
  }

  #copy(program: number, segments: readonly Segment[]): Answer {
    return this.#call(
      "copy",
      program,
      (after) => segments.slice(0, after).map((segment) => this.#copySegment(program, segment)).join(),
    );
  }

  #copySegment(program: number, { from, to, length, value }: Segment): string {
    const { domid } = this.programs[program]!;
    const named = [from, to].map((place) => place && this.pages[place.page]!);
    for (const page of named) if (page && !this.domains[page.domid]!.there) return "bad_domain";
    const [source, target] = named.map((page) => page && this.#find(page));
    for (const [page, place] of [[source, from], [target, to]] as const) {
      if (!place) continue;
      if (page?.to !== domid || (place === to && !page.writable)) return "general_error";
      // A dying domain has only the pages that others map, and nobody copies from those.
      if (!this.domains[page.domid]!.alive) return page.maps > 0 ? "bad_domain" : "bad_page";
    }
    const read = (index: number) => from ? source!.bytes.get(from.offset + index) ?? 0 : value;
    const bytes = Array.from({ length }, (_, index) => read(index));
    if (to) bytes.forEach((byte, index) => target!.bytes.set(to.offset + index, byte));
    this.copied.push(to ? undefined : bytes);
    return "okay";
  }

  #bind(program: number, domid: number, channel: number | null, [number]: readonly number[]): Answer {
    return this.#call("bind", program, (after) => {
      const own = this.programs[program]!.domid;
      let remote: Port | undefined;
      if (channel !== null) {
        const wanted = this.channels[channel]!.port.number;
        remote = this.ports(domid).find((port) => port.number === wanted);
        if (!remote || remote.for !== own || remote.remote) return "port-refused";
      }
      if (after !== Infinity) return 0;
      const port: Port = { domid: own, number: number!, for: domid, remote: null, holders: 1, channel: null };
      this.#ports.add(port);
      port.channel = { program, port, unbound: false, sent: 0, woken: 0, owed: false };
      if (remote) {
        port.remote = remote;
        remote.remote = port;
        arrive(port);
      }
      return this.channels.push(port.channel) - 1;
    });
  }

  #send({ unbound, program, port }: Channel): Answer {
    if (unbound) return "closed";
    return this.#call("send", program, () => {
      if (port.remote) arrive(port.remote);
      return 0;
    });
  }

  #unbind(channel: Channel): Answer {
    if (channel.unbound) return 0;
    channel.unbound = true;
    if (this.alive(channel.program)) this.#drop(channel);
    const index = this.#failures.findIndex(({ call }) => call === "unbind");
    if (index < 0) return 0;
    this.#failures.splice(index, 1);
    return "backend-failed";
  }

  /** Unbinds the port of a channel, as the system does. A notify may still hold it. */
  #drop({ port }: Channel): void {
    port.channel = null;
    this.#letGo(port);
  }

  #letGo(port: Port): void {
    if (--port.holders > 0 || !this.#ports.delete(port)) return;
    if (port.remote) port.remote.remote = null;
    port.remote = null;
  }

  /** Kills a program. The system cleans up after it. */
  #kill(program: number): Answer {
    if (!this.alive(program)) return 0;
    for (const mapping of this.mappings) {
      if (mapping.program === program && !mapping.ended) this.#end(mapping, true);
    }
    for (const page of this.pages) if (page.program === program) this.#release(page);
    for (const channel of this.channels) {
      if (channel.program === program && !channel.unbound) this.#drop(channel);
    }
    this.programs[program]!.alive = false;
    return 0;
  }

  /** Destroys a domain. Its kernel does nothing any more, so no notify fires. */
  #destroy(domid: number): Answer {
    const domain = this.domains[domid]!;
    if (!domain.alive) return 0;
    domain.alive = false;
    for (const port of this.ports(domid)) {
      port.channel = null;
      port.holders = 1;
      this.#letGo(port);
    }
    for (const page of this.granted(domid)) page.notify = NOTHING;
    for (const mapping of this.mappings) {
      const { alive, domid: own } = this.programs[mapping.program]!;
      if (alive && own === domid && !mapping.ended) this.#end(mapping, false);
    }
    for (const program of this.programs) if (program.domid === domid) program.alive = false;
    this.#bury(domid);
    return 0;
  }
}

/** Sends an event to a port. */
function arrive({ channel }: Port): void {
  if (!channel) return;
  channel.sent++;
  channel.owed = true;
}
