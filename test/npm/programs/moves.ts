/**
 * Maps pages, has their bytes kept or moved away, ends the mapping, and then uses whatever is left of the bytes. It runs in a
 * process of its own, as a mistake is a crash.
 */

import type { GrantBackend } from "@gntalloc/gntalloc";

/** A worker that uses the memory it is sent for a while, having said so, and then sends it back. */
export interface Borrower {
  post(bytes: Uint8Array<ArrayBuffer>, transfer: ArrayBuffer[]): void;
  /** The next message from it. */
  message(): Promise<unknown>;
  end(): unknown;
}

/** What a runtime brings to it. */
export interface Means {
  readonly backend: GrantBackend;
  borrower(): Borrower;
  /** How many pages of the devices this process has mapped. */
  mappedPages(): number;
}

/** What was found. */
export interface Found {
  /** Whether the runtime refuses to move such memory this way. */
  refused: boolean;
  mappedBefore: number;
  mappedAfter: number;
  /** Bytes that somebody still has. */
  left: number;
  original: number;
  middle: number;
  disturbed: boolean;
}

/** Uses memory all over: crashes where it is not there. */
function use(left: Uint8Array): void {
  for (let i = 0; i < left.length; i++) left[i] = left[i]! + 1;
}

/** Moves the bytes; returns what gives back what is left of them once the mapping has ended. */
async function moved(
  how: string,
  bytes: Uint8Array<ArrayBuffer>,
  means: Means,
): Promise<() => Promise<Uint8Array> | Uint8Array> {
  switch (how) {
    case "kept":
      return () => bytes;
    case "transfer": {
      const left = new Uint8Array(bytes.buffer.transfer());
      return () => left;
    }
    case "transfer to a larger buffer": {
      const left = new Uint8Array(bytes.buffer.transfer(16384));
      return () => left;
    }
    case "structuredClone": {
      const left = structuredClone(bytes, { transfer: [bytes.buffer] });
      return () => left;
    }
    case "postMessage": {
      const worker = means.borrower();
      const started = worker.message();
      try {
        worker.post(bytes, [bytes.buffer]);
      } catch (error) {
        await worker.end();
        throw error;
      }
      await started; // from now on the worker uses the memory all the time, until it sends it back
      return async () => {
        const left = await worker.message() as Uint8Array;
        await worker.end();
        return left;
      };
    }
  }
  throw new Error(`Cannot move bytes by ${how}`);
}

/** Does it, in the way that is named. */
export async function moveAndUse(how: string, means: Means): Promise<Found> {
  const { backend, mappedPages } = means;
  const file = backend.open();
  const grefs = new Uint32Array(3);
  file.grant(0, 3, 1, true, grefs);
  const memory = file.map(0, 3, grefs[0]!, true);
  const { bytes } = memory;
  bytes.fill(7);
  const middle = bytes.subarray(4096, 8192);

  let refused = false;
  const finish = await moved(how, bytes, means).catch((error) => {
    if (!(error instanceof DOMException && error.name === "DataCloneError")) throw error;
    refused = true;
    return () => bytes;
  });
  const mappedBefore = mappedPages();
  memory.unmap();
  const mappedAfter = mappedPages();
  const left = await finish();
  use(left);
  use(middle);
  // Whatever is mapped next must not land where somebody still looks.
  const next = file.map(0, 3, grefs[0]!, true);
  next.bytes.fill(0x55);
  const disturbed = left.length > 0 && left.includes(0x55); // a detached view refuses to search
  use(left);
  next.unmap();
  file.endAccess(0, 3, grefs);
  file.close();
  return {
    refused,
    mappedBefore,
    mappedAfter,
    left: left.length,
    original: bytes.length,
    middle: middle.length,
    disturbed,
  };
}
