import type { MappedMemory, PeerMemory } from "../../src/contract/backend.ts";
import { ReplayedEvents } from "./replayed_events.ts";
import { ReplayedGrants } from "./replayed_grants.ts";
import { ReplayedMaps } from "./replayed_maps.ts";
import { type Backends, Scene, UNNAMED } from "./replay_context.ts";
import {
  type GrantsMapCall,
  type MapsMapCall,
  type MapsNotifyCall,
  type Mark,
  type OpenCall,
  type TraceAnswer,
  type TraceCall,
  TraceError,
  type TraceSide,
} from "./trace.ts";
import { tracedBytes, tracedError, tracedLimit } from "./trace_values.ts";

type OpenFile = ReplayedGrants | ReplayedMaps | ReplayedEvents;

/** What is mapped: by the granter's side, or by the peer's. */
type Mapping =
  | { readonly side: "grants"; readonly file: number; readonly memory: MappedMemory }
  | { readonly side: "maps"; readonly file: number; readonly memory: PeerMemory };

/** What a trace has open while it is replayed: it makes the calls, and closes everything at the end. */
export class Stage {
  readonly #scene: Scene;
  readonly #files = new Map<number, OpenFile>();
  readonly #mappings = new Map<number, Mapping>();

  constructor(backends: Backends) {
    this.#scene = new Scene(backends);
  }

  /** Makes a call: what the backend answers. */
  call(call: Exclude<TraceCall, Mark>): TraceAnswer {
    switch (call.call) {
      case "open":
        return this.#open(call);
      case "limit": {
        const backend = this.#backend(call.line, "grants", this.#scene.backends.grants);
        return this.#scene.answer(backend, () => ({ limit: tracedLimit(backend.limit()) }));
      }
      case "grant":
        return this.#file(call.line, call.file, "grants").grant(call);
      case "endAccess":
        return this.#file(call.line, call.file, "grants").endAccess(call);
      case "map":
        return this.#map(call);
      case "copy":
        return this.#file(call.line, call.file, "maps").copy(call);
      case "unmap":
        return this.#unmap(call.line, call.side, call.mapping);
      case "notify":
        if (call.side === "grants") return this.#file(call.line, call.file, "grants").notify(call);
        if (call.side === "maps") return this.#notify(call);
        return this.#file(call.line, call.file, "events").call(call);
      case "close":
        return this.#close(call.line, call.side, call.file);
      default:
        return this.#file(call.line, call.file, "events").call(call);
    }
  }

  #backend<B>(line: number, side: TraceSide, backend: B | undefined): B {
    if (backend) return backend;
    throw new TraceError(
      line,
      `\`side\` must be of a backend that is given: current value is "${side}". Give one as the option \`${side}\``,
    );
  }

  #file<S extends TraceSide>(line: number, number: number, side: S): Extract<OpenFile, { side: S }> {
    const file = this.#files.get(number);
    if (file?.side === side) return file as Extract<OpenFile, { side: S }>;
    throw new TraceError(line, `\`file\` must be one that is open on the side "${side}": current value is ${number}`);
  }

  #open({ line, side, file: number = UNNAMED, end = 0 }: OpenCall): TraceAnswer {
    if (this.#files.has(number)) {
      throw new TraceError(line, `\`file\` must be a number that no open file has: current value is ${number}`);
    }
    const { backends } = this.#scene;
    const scene = this.#scene;
    if (side === "grants") {
      const backend = this.#backend(line, side, backends.grants);
      return scene.answer(backend, () => {
        this.#files.set(number, new ReplayedGrants(scene, backend, backend.open()));
      });
    }
    if (side === "maps") {
      const backend = this.#backend(line, side, backends.maps);
      return scene.answer(backend, () => {
        this.#files.set(number, new ReplayedMaps(scene, backend, backend.open()));
      });
    }
    const backend = backends.events[end];
    if (!backend) {
      throw new TraceError(
        line,
        `\`end\` must be of a backend that is given: current value is ${end}, and ${backends.events.length} are given. ` +
          `Give one for each end as the option \`events\``,
      );
    }
    return scene.answer(backend, () => {
      this.#files.set(number, new ReplayedEvents(scene, backend, backend.open(), end));
    });
  }

  #map(call: GrantsMapCall | MapsMapCall): TraceAnswer {
    const { line, mapping: number = UNNAMED } = call;
    const file = this.#file(line, call.file, call.side);
    const map = call.side === "grants" ? (file as ReplayedGrants).map(call) : (file as ReplayedMaps).map(call);
    if (this.#mappings.has(number)) {
      throw new TraceError(line, `\`mapping\` must be a number that no mapping has: current value is ${number}`);
    }
    return this.#scene.answer(file.backend, () => {
      const memory = map();
      if (memory) this.#mappings.set(number, { side: call.side, file: call.file, memory } as Mapping);
      return { bytes: tracedBytes(memory) };
    });
  }

  #mapping<S extends Mapping["side"]>(line: number, side: S, number: number): Extract<Mapping, { side: S }> {
    const mapping = this.#mappings.get(number);
    if (mapping?.side === side) return mapping as Extract<Mapping, { side: S }>;
    throw new TraceError(line, `\`mapping\` must be one of the side "${side}": current value is ${number}`);
  }

  #unmap(line: number, side: Mapping["side"], number: number): TraceAnswer {
    const { file, memory } = this.#mapping(line, side, number);
    this.#mappings.delete(number);
    return this.#scene.answer(this.#files.get(file)!.backend, () => memory.unmap());
  }

  #notify(call: MapsNotifyCall): TraceAnswer {
    const { file, memory } = this.#mapping(call.line, "maps", call.mapping);
    return this.#scene.answer(
      this.#files.get(file)!.backend,
      () => memory.setUnmapNotify(this.#scene.notify("maps", call)),
    );
  }

  #close(line: number, side: TraceSide, number: number): TraceAnswer {
    const open = this.#file(line, number, side);
    const mapped = [...this.#mappings.values()].filter((mapping) => mapping.file === number).length;
    if (open.granted + mapped > 0) {
      throw new TraceError(
        line,
        `file ${number} must be unused when it is closed: ${open.granted} of its pages are granted and ${mapped} mappings left`,
      );
    }
    this.#files.delete(number);
    return this.#scene.answer(open.backend, () => open.close());
  }

  /** What is mapped, granted, bound and open, for people. */
  open(): string[] {
    const open = [...this.#mappings.keys()].map((number) => `mapping ${number}`);
    for (const [number, file] of this.#files) {
      const { granted } = file;
      if (granted > 0) open.push(`${granted} ${granted === 1 ? "page" : "pages"} of file ${number}`);
      const bound = file.side === "events" ? file.bound : 0;
      if (bound > 0) open.push(`${bound} ${bound === 1 ? "port" : "ports"} of file ${number}`);
      open.push(`file ${number}`);
    }
    return open;
  }

  /** Unmaps, ends access to and closes what is left: what could not be given back. */
  close(): string[] {
    const left: string[] = [];
    const attempt = (what: string, action: () => void) => {
      try {
        action();
      } catch (error) {
        left.push(`${what}: ${tracedError(error, what).message}`);
      }
    };
    // The peer's mappings would keep the granter's pages, and a page that is mapped here must not go.
    for (const [number, { memory }] of this.#mappings) attempt(`mapping ${number}`, () => memory.unmap());
    this.#mappings.clear();
    // Event channels go last: the end of a mapping or of a page may send an event.
    const files = [...this.#files].sort(([, one], [, other]) =>
      Number(one.side === "events") - Number(other.side === "events")
    );
    for (const [number, open] of files) {
      if (open.side === "grants") {
        open.endAll((page, end) => {
          const what = `page ${page} of file ${number}`;
          attempt(what, () => {
            if (end()) left.push(`${what}: its peer maps it`);
          });
        });
      }
      attempt(`file ${number}`, () => open.close());
    }
    this.#files.clear();
    return left;
  }
}
