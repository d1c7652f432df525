import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { type File, type Machine, type Mapped, Refused } from "./machine.ts";
import type { Answer, Step } from "./trace.ts";

/** The limit of a new machine. */
export const FIRST_LIMIT = 1024;

/** The most bytes of a page that are shown: more than a trace writes to one. */
const MOST_BYTES = 64;

interface Mapping {
  readonly memory: Mapped;
  readonly pages: number;
  readonly writable: boolean;
}

/** Plays steps on a machine, and keeps what they make by number. */
export class Executor {
  readonly #machine: Machine;
  readonly #files = new Map<number, File>();
  readonly #grefs = new Map<number, readonly number[]>();
  readonly #mappings = new Map<number, Mapping>();
  readonly #peers = new Map<number, Mapping>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Does one step. Everything is an answer, so that an unexpected error counts as a difference. */
  answer(step: Step): Answer {
    try {
      return this.#play(step) ?? "nothing";
    } catch (error) {
      if (error instanceof Refused) return error.answer;
      if (error instanceof TypeError || error instanceof RangeError) return error.name;
      return String(error);
    }
  }

  /** Returns `undefined` if there is nothing to do the step with. */
  #play(step: Step): Answer | undefined {
    switch (step.op) {
      case "limit":
        this.#machine.setLimit(step.pages);
        return "ok";
      case "open":
        if (this.#files.has(step.file)) return undefined;
        this.#files.set(step.file, this.#machine.open());
        return "ok";
      case "read":
        return read(this.#mappings.get(step.mapping), step.page);
      case "write":
        return write(this.#mappings.get(step.mapping), step.offset, step.byte);
      case "unmap":
        return unmap(this.#mappings, step.mapping);
      case "peerMap": {
        const grefs = this.#grefs.get(step.allocation)?.slice(step.index, step.index + step.pages);
        if (grefs?.length !== step.pages || this.#peers.has(step.peer)) return undefined;
        this.#peers.set(step.peer, { ...step, memory: this.#machine.peerMap(grefs, step.writable) });
        return "ok";
      }
      case "peerMapUnknown":
        this.#machine.peerMap([step.gref], step.writable).unmap();
        return "ok";
      case "peerRead":
        return read(this.#peers.get(step.peer), step.page);
      case "peerWrite":
        return write(this.#peers.get(step.peer), step.offset, step.byte);
      case "peerUnmap":
        return unmap(this.#peers, step.peer);
      case "reset":
        this.reset();
        return "ok";
      default: {
        const file = this.#files.get(step.file);
        return file && this.#playOnFile(file, step);
      }
    }
  }

  #playOnFile(file: File, step: Step & { op: "close" | "allocate" | "free" | "map" | "notify" }): Answer | undefined {
    switch (step.op) {
      case "close":
        this.#files.delete(step.file);
        file.close();
        return "ok";
      case "allocate": {
        if (this.#grefs.has(step.allocation)) return undefined;
        const { page, grefs } = file.allocate(step.domid, step.pages, step.writable);
        this.#grefs.set(step.allocation, grefs);
        return grefs.includes(0) ? `page ${page}, with references ${grefs}` : `page ${page}`;
      }
      case "free":
        file.free(step.page, step.pages);
        return "ok";
      case "map": {
        if (this.#mappings.has(step.mapping)) return undefined;
        this.#mappings.set(step.mapping, { ...step, memory: file.map(step.page, step.pages, step.writable) });
        return "ok";
      }
      case "notify":
        file.notify(step.page, step.clearByte, step.eventPort);
        return "ok";
    }
  }

  /** Ends everything, the peer's part first, so that the system has no pages to wait for. */
  reset(): void {
    for (const number of this.#peers.keys()) unmap(this.#peers, number);
    for (const number of this.#mappings.keys()) unmap(this.#mappings, number);
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#grefs.clear();
    this.#machine.setLimit(FIRST_LIMIT);
  }
}

function read(mapping: Mapping | undefined, page: number): Answer | undefined {
  if (!mapping || page >= mapping.pages) return undefined;
  const bytes = mapping.memory.read(page);
  const shown: string[] = [];
  for (let at = 0; at < PAGE_SIZE; at++) {
    if (bytes[at] !== 0) shown.push(`${at}=${bytes[at]}`);
  }
  if (shown.length > MOST_BYTES) shown.splice(MOST_BYTES, Infinity, `and ${shown.length - MOST_BYTES} more`);
  return shown.join(" ") || "zeros";
}

/** Memory that is mapped read-only is not written to: the kernel would kill the process. */
function write(mapping: Mapping | undefined, offset: number, byte: number): Answer | undefined {
  if (!mapping?.writable || offset >= mapping.pages * PAGE_SIZE) return undefined;
  mapping.memory.write(offset, byte);
  return "ok";
}

function unmap(mappings: Map<number, Mapping>, number: number): Answer | undefined {
  const mapping = mappings.get(number);
  if (!mapping) return undefined;
  mappings.delete(number);
  mapping.memory.unmap();
  return "ok";
}
