/**
 * Maps pages, keeps or moves their bytes, unmaps them, and then uses what is left of the bytes. A mistake crashes the
 * process, so it runs in its own.
 */

import type { GrantBackend } from "@gntalloc/gntalloc";

/** A worker that receives memory, posts "started", uses the memory for a while, and sends it back. */
export interface Borrower {
  post(bytes: Uint8Array<ArrayBuffer>, transfer: ArrayBuffer[]): void;
  /** The next message from it. */
  message(): Promise<unknown>;
  end(): unknown;
}

/** What a runtime provides. */
interface Means {
  readonly backend: GrantBackend;
  borrower(): Borrower;
  /** Counts the pages of the devices that this process has mapped. */
  mappedPages(): number;
}

/** What happened to the memory. */
interface Found {
  /** Whether the runtime refuses to move the memory this way. */
  refused: boolean;
  mappedBefore: number;
  mappedAfter: number;
  /** The number of bytes that are still reachable. */
  left: number;
  original: number;
  middle: number;
  disturbed: boolean;
}

/** Uses every byte: crashes if one is not mapped. */
function use(left: Uint8Array): void {
  for (let i = 0; i < left.length; i++) left[i] = left[i]! + 1;
}

/** Moves the bytes. Returns a function that gets what is left of them after the mapping has ended. */
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
      await started; // from here on the worker uses the memory until it sends it back
      return async () => {
        const left = await worker.message() as Uint8Array;
        await worker.end();
        return left;
      };
    }
  }
  throw new Error(`Cannot move bytes by ${how}`);
}

/** Moves the bytes in the way `how`, and reports what happened. */
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
  // The next mapping must not appear in what is left of this one.
  const next = file.map(0, 3, grefs[0]!, true);
  next.bytes.fill(0x55);
  const disturbed = left.length > 0 && left.includes(0x55); // includes() throws on a detached view
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
