/** Requests of a frontend that lies. */
import { Status } from "../../../examples/block/protocol.ts";
import { request } from "./hand_frontend.ts";

/** A request, and the status that a backend answers it with. */
export interface BadRequest {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly status: number;
}

/** What the requests are about. */
export interface Target {
  /** The size of the disk, in units of 512 bytes. */
  readonly sectors: number;
  /** A page that is granted for writing, all of whose bytes are 0xaa. */
  readonly gref: number;
  /** A page that is granted for reading only. */
  readonly readOnlyGref: number;
}

/** Returns requests that make no sense. None of them changes anything. */
export function badRequests({ sectors, gref, readOnlyGref }: Target): BadRequest[] {
  const whole = { gref, first: 0, last: 7 };
  const wrong: Record<string, Uint8Array> = {
    "no segments": request(0),
    "no segments to write": request(1),
    "twelve segments": request(0, { segments: [whole], claimed: 12 }),
    "255 segments": request(1, { segments: [whole], claimed: 255 }),
    "a last sector outside of the page": request(1, { segments: [{ gref, first: 0, last: 8 }] }),
    "a first sector behind the last": request(1, { segments: [{ gref, first: 5, last: 4 }] }),
    "the sector behind the last": request(1, { segments: [whole], sector: sectors }),
    "sectors around the end": request(1, { segments: [whole], sector: sectors - 1 }),
    "sectors far outside": request(0, { segments: [whole], sector: Number.MAX_SAFE_INTEGER }),
    "a reference that was never granted": request(1, { segments: [whole, { gref: 999_999, first: 0, last: 0 }] }),
    "a reference that was never granted, to read to": request(0, { segments: [{ gref: 60_000, first: 0, last: 0 }] }),
    "a page that may not be written": request(0, { segments: [{ gref: readOnlyGref, first: 0, last: 7 }] }),
    "an indirect page that was never granted": request(6, { second: 1, count: 1, grefs: [999_999] }),
    "no indirect segments": request(6, { second: 0, count: 0, grefs: [gref] }),
    "too many indirect segments": request(6, { second: 0, count: 257, grefs: [gref] }),
    "very many indirect segments": request(6, { second: 1, count: 65535, grefs: [gref] }),
    "indirect segments that make no sense": request(6, { second: 1, count: 3, grefs: [gref] }),
    "an indirect flush": request(6, { second: 3, count: 1, grefs: [gref] }),
    "an indirect discard": request(6, { second: 5, count: 1, grefs: [gref] }),
    "an indirect indirect request": request(6, { second: 6, count: 1, grefs: [gref] }),
    "a flush with segments": request(3, { segments: [whole] }),
    "a discard outside": request(5, { second: 0, sector: sectors - 1, sectors: 2n }),
    "a discard of very much": request(5, { second: 0, sectors: 2n ** 64n - 1n }),
    "a discard from far outside": request(5, { second: 0, sector: 2 ** 52, sectors: 1n }),
  };
  const unknown: Record<string, Uint8Array> = {
    "a barrier": request(2),
    "operation 4": request(4),
    "operation 255": request(255),
  };
  return [
    ...Object.entries(wrong).map(([what, bytes]) => ({ what, bytes, status: Status.Error })),
    ...Object.entries(unknown).map(([what, bytes]) => ({ what, bytes, status: Status.Unsupported })),
  ];
}
