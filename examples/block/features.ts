/**
 * What both sides of a disk tell each other in XenStore.
 *
 * @module
 */
import process from "node:process";
import { type DeviceNodes, PvError } from "../../src/pv/mod.ts";
import { MOST_INDIRECT, SECTOR } from "./protocol.ts";

/** What a backend offers before a frontend has published its ring. */
export interface Offer {
  /** The most segments of an indirect request; 0 if it takes none. */
  readonly maxIndirect: number;
  /** The most pages of a ring, as a power of two. */
  readonly maxOrder: number;
}

/** What a backend says about its disk once it is connected. */
export interface Properties {
  /** The size, in units of 512 bytes. */
  readonly sectors: number;
  /** What offsets and lengths must be multiples of, in bytes. */
  readonly sectorSize: number;
  readonly readOnly: boolean;
  /** How to have written data become durable, if the backend can. */
  readonly flush: "flush" | "barrier" | undefined;
  readonly discard: boolean;
  /** Whether it can forget discarded data for good. */
  readonly secureDiscard: boolean;
  /** Whether it keeps pages mapped for the next request. */
  readonly persistent: boolean;
}

const LARGEST_ORDER = 4;
/** Bits of the node `info`. */
const READ_ONLY = 4;

export async function readOffer(backend: DeviceNodes): Promise<Offer> {
  const [maxIndirect, maxOrder] = await Promise.all([
    backend.number("feature-max-indirect-segments", 0),
    backend.number("max-ring-page-order", 0),
  ]);
  return { maxIndirect: Math.min(maxIndirect, MOST_INDIRECT), maxOrder: Math.min(maxOrder, LARGEST_ORDER) };
}

export async function readProperties(backend: DeviceNodes): Promise<Properties> {
  const flag = async (name: string) => await backend.number(name, 0) === 1;
  const [sectors, sectorSize, info, mode, flush, barrier, discard, secureDiscard, persistent] = await Promise.all([
    backend.number("sectors"),
    backend.number("sector-size", SECTOR),
    backend.number("info", 0),
    backend.text("mode"),
    flag("feature-flush-cache"),
    flag("feature-barrier"),
    flag("feature-discard"),
    flag("discard-secure"),
    flag("feature-persistent"),
  ]);
  const isSize = sectorSize >= SECTOR && sectorSize <= 4096 && (sectorSize & (sectorSize - 1)) === 0;
  if (!isSize || sectors * SECTOR > Number.MAX_SAFE_INTEGER) {
    throw new PvError(
      `Cannot use the disk: a backend with ${sectors} sectors, of ${sectorSize} bytes each, makes no sense.`,
      { code: "protocol", operation: "use the disk" },
    );
  }
  return {
    sectors: sectors - sectors % (sectorSize / SECTOR),
    sectorSize,
    readOnly: (info & READ_ONLY) !== 0 || mode === "r",
    flush: flush ? "flush" : barrier ? "barrier" : undefined,
    discard,
    secureDiscard: discard && secureDiscard,
    persistent,
  };
}

/** The layouts of requests that are as in `protocol.ts`, by their names in XenStore. */
export const PROTOCOLS: readonly string[] = ["x86_64-abi", "arm-abi"];

/** The name of the layout on this processor. A backend takes another one for granted if there is none. */
export function ownProtocol(): string {
  return process.arch === "arm64" ? PROTOCOLS[1]! : PROTOCOLS[0]!;
}
