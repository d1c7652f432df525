import type { XenDomain } from "../../mod.ts";
import { PvError, removeDevice } from "../../src/pv/mod.ts";
import { BlockBackend, createDisk, placeOfDisk } from "./block_backend.ts";
import type { Disk } from "./disk.ts";

function isTaken(error: unknown): boolean {
  return error instanceof PvError && error.code === "taken";
}

/**
 * In domain 0: gives a domain a disk, and removes it in the end. Takes over the device of a program that was killed.
 *
 * @param until When to end, if the toolstack does not end it before.
 * @param onServed Called when it is served.
 */
export async function serveDisk(
  domain: Pick<XenDomain, "maps" | "events" | "store">,
  frontend: number,
  name: string,
  disk: Disk,
  until: PromiseLike<unknown>,
  onServed?: () => void,
): Promise<void> {
  let isOurs = true;
  try {
    await createDisk(domain, frontend, name, { readOnly: disk.readOnly });
  } catch (error) {
    if (!isTaken(error)) throw error;
    // Perhaps it is one that the kernel serves.
    isOurs = false;
  }
  try {
    const backend = await BlockBackend.serve(domain, frontend, name, disk);
    isOurs = true;
    try {
      onServed?.();
      await Promise.race([backend.closed, until]);
      // Both sides end before the backend is gone.
      await removeDevice(domain, placeOfDisk(name, frontend));
    } finally {
      await backend.close();
    }
  } catch (error) {
    // Another program serves it now.
    if (isTaken(error)) isOurs = false;
    throw error;
  } finally {
    if (isOurs) await removeDevice(domain, placeOfDisk(name, frontend), { timeout: 0 });
  }
}
