import type { GrantBackend, GrantFile } from "../../src/contract/backend.ts";
import type { MockXen } from "../../backends/mock.ts";
import { machineState } from "../../backends/mock/xen.ts";
import { type GrantAllocator, GrantDevice, GrantMapper, type Mapping, PAGE_SIZE } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { type Answer, answerOf, assertSame, writeByte } from "../support/model.ts";
import type { Model, Step } from "./model.ts";

/** The failures of the backend that the steps `fail` and `stick` plan. */
class Faults {
  readonly planned: Partial<Record<string, number>> = {};
  stuck = false;

  /** Takes a planned failure of a call, if there is one. */
  take(call: string): number | undefined {
    const pages = this.planned[call];
    delete this.planned[call];
    return pages;
  }
}

/** The library on a simulated Xen, driven by steps. */
export class System {
  readonly xen: MockXen;
  readonly device: GrantDevice;
  readonly mapper: GrantMapper;
  readonly allocators: GrantAllocator[] = [];
  readonly mappings: Mapping[] = [];
  readonly peerMappings: Mapping[] = [];
  /**
   * The references of all pages that were ever granted, in order, those that a failed allocation left behind included.
   */
  readonly grefs: number[] = [];
  readonly #faults = new Faults();
  /** The references that the backend gave out in the last step. */
  granted: number[] = [];

  constructor(xen: MockXen, limit: number) {
    this.xen = xen;
    const real = xen.domain(1).grants;
    const backend: GrantBackend = { ...real, open: () => this.#wrap(real.open()) };
    this.device = new GrantDevice({ grants: backend }, { limit, core: debugCore });
    this.mapper = new GrantMapper(xen.domain(0));
  }

  #wrap(file: GrantFile): GrantFile {
    const faults = this.#faults;
    const failing = (call: string) => {
      if (faults.take(call) !== undefined) throw new Error("planned");
    };
    return {
      grant: (page, count, domid, writable, grefs) => {
        const failsAfter = faults.take("grant");
        try {
          if (failsAfter === undefined) return file.grant(page, count, domid, writable, grefs);
          const part = Math.min(failsAfter, count);
          if (part > 0) file.grant(page, part, domid, writable, grefs);
          throw new Error("planned");
        } finally {
          this.granted = [...grefs.subarray(0, count)].filter((gref) => gref !== 0);
        }
      },
      endAccess: (page, count, grefs) => {
        if (faults.stuck) throw new Error("stuck");
        return file.endAccess(page, count, grefs);
      },
      map: (page, count, gref, writable) => {
        failing("map");
        const memory = file.map(page, count, gref, writable);
        return {
          bytes: memory.bytes,
          unmap: () => {
            memory.unmap();
            failing("unmap");
          },
        };
      },
      setUnmapNotify: (page, gref, notify) => {
        failing("notify");
        file.setUnmapNotify(page, gref, notify);
      },
      close: () => file.close(),
    };
  }

  /** Does a step, and returns its answer. */
  apply(step: Step): Answer {
    this.granted = [];
    return answerOf(() => this.#apply(step));
  }

  #apply(step: Step): Answer {
    switch (step.do) {
      case "open":
        this.allocators.push(this.device.open());
        return 0;
      case "close":
        this.allocators[step.file]!.close();
        return 0;
      case "allocate": {
        const { pages, domid, writable } = step;
        return this.allocators[step.file]!.allocate(domid, { pages, writable }).page;
      }
      case "free":
        this.allocators[step.file!]!.free(step.page, step.count);
        return 0;
      case "map":
        return this.mappings.push(this.allocators[step.file!]!.map(step.page, step.count)) - 1;
      case "unmap":
        this.mappings[step.mapping]!.unmap();
        return 0;
      case "write":
        return writeByte(this.mappings[step.mapping]!, step.byte, step.value);
      case "notify": {
        const notify = step.clearByte === null ? {} : { clearByte: step.clearByte };
        this.allocators[step.file!]!.setUnmapNotify(step.page, notify);
        return 0;
      }
      case "limit":
        this.device.limit = step.pages;
        return 0;
      case "peerMap": {
        const grefs = this.grefs.slice(step.page, step.page + step.count);
        return this.peerMappings.push(this.mapper.map(1, grefs, { writable: step.writable })) - 1;
      }
      case "peerUnmap":
        this.peerMappings[step.mapping]!.unmap();
        return 0;
      case "peerWrite":
        return writeByte(this.peerMappings[step.mapping]!, step.byte, step.value);
      case "fail":
        this.#faults.planned[step.call] = step.pages;
        return 0;
      case "stick":
        this.#faults.stuck = step.stuck;
        return 0;
    }
  }

  /** Ends everything that a program would end. */
  finish(): void {
    this.apply({ do: "stick", stuck: false });
    for (const call of ["grant", "map", "unmap", "notify"]) this.#faults.take(call);
    for (const mapping of [...this.mappings, ...this.peerMappings]) mapping.unmap();
    this.device.close();
    this.mapper.close();
  }
}

/** Throws unless a system is in the state of a model: the books, the grant table, and every byte that was written. */
export function compare(model: Model, system: System): void {
  const { xen, device } = system;
  const { allocators, ...sums } = device.inspect();
  const expected = {
    limit: model.limit,
    live: model.count("counted"),
    listed: model.count("listed"),
    mapped: model.count("maps"),
    pending: model.count("pending"),
    freedMapped:
      model.pages.filter(({ counted, pending, listed, file }) =>
        counted && !pending && (!listed || model.files[file]!.closed)
      ).length,
  };
  assertSame("books", sums, expected);
  const files = model.files.map((file, number) => ({
    live: model.count("counted", number),
    listed: model.count("listed", number),
    mappings: file.mappings,
    next: file.next,
  })).filter((_, number) => !model.files[number]!.closed);
  assertSame("allocators", allocators, files);
  const { used, mapped } = machineState(xen).domain(1).table;
  assertSame("grant table", { used, mapped }, { used: model.count("granted"), mapped: model.count("peers") });
  model.mappings.forEach((mapping, number) => compareBytes(mapping, system.mappings[number]!));
  model.peerMappings.forEach((mapping, number) => compareBytes(mapping, system.peerMappings[number]!));
}

function compareBytes(expected: Model["mappings"][number], actual: Mapping): void {
  assertSame("unmapped", actual.unmapped, expected.ended);
  if (expected.ended) return;
  expected.pages.forEach((page, number) => {
    // A byte that is never written stays 0.
    for (const [byte, value] of new Map([[4000, 0], ...page.bytes])) {
      const found = actual.read(number * PAGE_SIZE + byte, 1)[0];
      if (found !== value) throw new Error(`byte ${byte} of page ${page.index} is ${found}, expected ${value}`);
    }
  });
}
