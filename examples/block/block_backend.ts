/**
 * A backend of Xen's block protocol: serves a disk to a frontend in another domain, such as the kernel of a domU. Copy
 * this folder, and change it.
 *
 * @module
 */
import type { XenDomain } from "../../mod.ts";
import { BackendDevice, createDevice, type DevicePlace, PvError, XenbusState } from "../../src/pv/mod.ts";
import type { Disk } from "./disk.ts";
import { diskNumber, KIND } from "./names.ts";
import { SECTOR } from "./protocol.ts";
import { ServedConnection } from "./served_connection.ts";

export { BytesDisk, type Disk, FileDisk } from "./disk.ts";

/** What to offer. */
export interface BackendOptions {
  /** Whether to keep pages mapped for the next request, if the frontend wants that, too. Default is true. */
  readonly persistent?: boolean | undefined;
  /** The most pages of a ring, as a power of two: 0 to 4. Default is 4. */
  readonly maxOrder?: number | undefined;
  /** The most segments of an indirect request; 0 to take none. Default is 256. */
  readonly maxIndirect?: number | undefined;
  /** What offsets and lengths must be multiples of, in bytes. Default is 512. */
  readonly sectorSize?: number | undefined;
  readonly flush?: boolean | undefined;
  readonly discard?: boolean | undefined;
  /** How long a frontend may take to end, in milliseconds. Default is 10,000. */
  readonly timeout?: number | undefined;
}

const TIMEOUT = 10_000;

const INFO_READ_ONLY = 4;

/** Where the toolstack has a disk of a domain. */
export function placeOfDisk(name: string, frontend: number, backend = 0): DevicePlace {
  return { kind: KIND, id: diskNumber(name), frontend, backend };
}

/**
 * Gives a domain a disk whose backend is a program in domain 0, as the toolstack would.
 *
 * @param domain Domain 0.
 * @param frontend The domain that gets the disk.
 */
export async function createDisk(
  domain: Pick<XenDomain, "store">,
  frontend: number,
  name: string,
  { readOnly = false }: { readOnly?: boolean } = {},
): Promise<void> {
  const place = placeOfDisk(name, frontend);
  await createDevice(domain, {
    ...place,
    frontendNodes: { "virtual-device": place.id, "device-type": "disk" },
    backendNodes: { dev: name, mode: readOnly ? "r" : "w", removable: 0, bootable: 0, "device-type": "disk" },
  });
}

/** Serves a disk to one frontend after the other, until the toolstack removes it or it is closed here. */
export class BlockBackend implements AsyncDisposable {
  /** Fulfilled when it serves no more. Rejected if it cannot. */
  readonly closed: Promise<void>;
  readonly #domain: Pick<XenDomain, "maps" | "events">;
  readonly #device: BackendDevice;
  readonly #disk: Disk;
  readonly #options: Required<{ [Name in keyof BackendOptions]: NonNullable<BackendOptions[Name]> }>;
  readonly #stop = new AbortController();
  #connection: ServedConnection | undefined;
  /** Why frontends were refused, the last one at the end. */
  readonly failures: unknown[] = [];

  private constructor(
    domain: Pick<XenDomain, "maps" | "events">,
    device: BackendDevice,
    disk: Disk,
    options: BackendOptions,
  ) {
    const { persistent = true, maxOrder = 4, maxIndirect = 256, sectorSize = 512, flush = true, discard = true } =
      options;
    const { timeout = TIMEOUT } = options;
    this.#domain = domain;
    this.#device = device;
    this.#disk = disk;
    this.#options = {
      persistent,
      maxOrder,
      maxIndirect,
      sectorSize,
      flush,
      discard: discard && !disk.readOnly,
      timeout,
    };
    this.closed = this.#run();
    this.closed.catch(() => {});
  }

  /**
   * Serves a disk.
   *
   * @param domain The domain that the program runs in.
   * @param frontend The domain of the frontend.
   * @param name The name of the disk, for which the toolstack or `createDisk()` has made a device.
   */
  static async serve(
    domain: Pick<XenDomain, "maps" | "events" | "store">,
    frontend: number,
    name: string,
    disk: Disk,
    options: BackendOptions = {},
  ): Promise<BlockBackend> {
    const device = await BackendDevice.open(domain, KIND, frontend, diskNumber(name));
    return new BlockBackend(domain, device, disk, options);
  }

  /** How many pages of the frontend are mapped, beside the ring. */
  get mapped(): number {
    return this.#connection?.mapped ?? 0;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        await this.#device.offer(this.#offer(), { signal });
        await this.#serve();
        if (signal.aborted || !await this.#device.isOnline()) return;
      }
    } catch (error) {
      const isOver = signal.aborted ||
        (error instanceof PvError && (error.code === "gone" || error.code === "closing"));
      if (!isOver) throw error;
    } finally {
      this.#device.close();
    }
  }

  #offer(): Record<string, number> {
    const { maxOrder, maxIndirect } = this.#options;
    return {
      "max-ring-page-order": maxOrder,
      ...(maxIndirect === 0 ? {} : { "feature-max-indirect-segments": maxIndirect }),
    };
  }

  #properties(): Record<string, number> {
    const { persistent, flush, discard, sectorSize } = this.#options;
    const { size, readOnly } = this.#disk;
    return {
      "feature-flush-cache": flush ? 1 : 0,
      "feature-persistent": persistent ? 1 : 0,
      "feature-discard": discard ? 1 : 0,
      ...(discard ? { "discard-granularity": sectorSize, "discard-alignment": 0 } : {}),
      sectors: Math.floor(size / SECTOR),
      info: readOnly ? INFO_READ_ONLY : 0,
      "sector-size": sectorSize,
      "physical-sector-size": sectorSize,
    };
  }

  /** Serves one frontend, from its ring to its end. */
  async #serve(): Promise<void> {
    const { signal } = this.#stop;
    const device = this.#device;
    let connection: ServedConnection | undefined;
    try {
      const options = this.#options;
      connection = await ServedConnection.open(this.#domain, device.domid, device.frontend, this.#disk, options);
      this.#connection = connection;
      await device.publish(this.#properties(), XenbusState.Connected, { signal });
      connection.start();
      const { Closing, Closed, Unknown } = XenbusState;
      const ended = device.waitForFrontend([Closing, Closed, Unknown], { signal });
      const broken = connection.broken.then((error) => Promise.reject(error));
      await Promise.race([ended, broken]);
    } catch (error) {
      if (!signal.aborted) await this.#refuse(error);
    }
    const release = async () => {
      await connection?.close();
      this.#connection = undefined;
    };
    try {
      await device.end(release, { timeout: this.#options.timeout });
    } catch (error) {
      // It does not follow in time. The next offer waits until it does.
      this.failures.push(error);
      await release();
    }
  }

  /** Tells the frontend, and whoever looks into XenStore, that it is not served. */
  async #refuse(error: unknown): Promise<void> {
    this.failures.push(error);
    try {
      await this.#device.fail(error instanceof Error ? error.message : String(error));
    } catch {
      // The device is gone.
    }
  }

  /** Tells the frontend that the size of the disk has changed. */
  async resized(): Promise<void> {
    if (this.#device.state === XenbusState.Connected) {
      await this.#device.publish({ sectors: Math.floor(this.#disk.size / SECTOR) }, XenbusState.Connected);
    }
  }

  /** Ends the connection, if there is one, and serves no more. The frontend learns of it. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
