import {
  type GrantAllocator,
  GrantDevice,
  type GrantErrorCode,
  GrantMapper,
  type SharedPages,
  type WritablePeerMapping,
} from "../../../mod.ts";
import { assertEquals, assertRefused, assertThrows } from "../asserts.ts";
import type { GrantsTarget } from "../target.ts";

/** What a test works with; everything it opens is closed at its end. */
export class Setup {
  readonly target: GrantsTarget;
  readonly device: GrantDevice;
  readonly mapper: GrantMapper;
  readonly #devices: GrantDevice[] = [];

  constructor(target: GrantsTarget) {
    this.target = target;
    this.device = this.another();
    this.mapper = new GrantMapper(target.peer);
  }

  /** Another device, like that of another process. */
  readonly another = (limit?: number): GrantDevice => {
    const { granter, core } = this.target;
    const options = { ...(limit === undefined ? {} : { limit }), ...(core ? { core } : {}) };
    const device = new GrantDevice(granter, options);
    this.#devices.push(device);
    return device;
  };

  /** Allocates pages for the peer, which may write to them. */
  readonly share = (allocator: GrantAllocator, pages = 1): SharedPages => {
    return allocator.allocate(this.target.peerDomid, { pages, writable: true });
  };

  /** Maps pages as the peer, to read and write. */
  readonly mapAsPeer = (grefs: readonly number[]): WritablePeerMapping => {
    return this.mapper.map(this.target.granterDomid, grefs, { writable: true });
  };

  /** Expects a view of a mapping that ended to be dead, or one whose memory stays. */
  readonly assertEnded = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (this.target.keptViews === "alive") {
      assertThrows(() => bytes.buffer.transfer(), TypeError);
    } else {
      assertEquals(bytes.length, 0);
      assertEquals(bytes[0], undefined as unknown as number);
    }
  };

  /** How many pages the system lets a new process allocate, one by one. */
  readonly room = (): number => {
    const allocator = this.another(Infinity).open();
    let pages = 0;
    try {
      while (true) {
        allocator.allocate(this.target.peerDomid);
        pages++;
      }
    } catch (error) {
      assertRefused(
        () => {
          throw error;
        },
        "kernel-limit-reached",
        "no-space",
      );
    }
    allocator.close();
    return pages;
  };

  close(): void {
    for (const device of this.#devices) device.close();
    this.mapper.close();
    this.target.setLimit(1024);
    this.target.close();
  }
}

/** Tests by their names. */
export type Tests = Record<string, (setup: Setup) => void>;

/** A port that nobody binds during a test. */
export const UNBOUND_PORT = 9999;

/** The codes that a refusal for lack of room may have. */
export const NO_ROOM = ["limit-reached", "kernel-limit-reached", "no-space"] as const satisfies GrantErrorCode[];
