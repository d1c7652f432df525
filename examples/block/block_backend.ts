/**
 * A backend of Xen's block protocol: serves a disk to a frontend in another domain, such as the kernel of a domU. Copy
 * this folder, and change it.
 *
 * @module
 */
import type { XenDomain } from "../../mod.ts";
import { setTimeout } from "node:timers/promises";
import {
  BackendDevice,
  createDevice,
  type DevicePlace,
  type NodeValues,
  PvError,
  XenbusState,
} from "../../src/pv/mod.ts";
import { type Disk, ReadOnlyDisk } from "./disk.ts";
import { BACKEND_KIND, diskNumber, KIND } from "./names.ts";
import { SECTOR } from "./protocol.ts";
import { ServedConnection } from "./served_connection.ts";
import { abortable } from "./waiting.ts";

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
/** How many failures are kept. */
const MOST_FAILURES = 16;
/** The longest pause after a frontend that was refused, in milliseconds. */
const LONGEST_PAUSE = 50;

const INFO_READ_ONLY = 4;

/** The place of a disk whose backend is a program. */
export function placeOfDisk(name: string, frontend: number, backend = 0): DevicePlace {
  return { kind: KIND, backendKind: BACKEND_KIND, id: diskNumber(name), frontend, backend };
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
  /** Why frontends were refused, the latest failure last. */
  readonly failures: unknown[] = [];
  /** How long to wait until the next offer, in milliseconds. */
  #pause = 0;

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
   * @param name The name of the disk, for which `createDisk()` has made a device.
   * @param disk What is served; read-only if it is, or if the device is.
   */
  static async serve(
    domain: Pick<XenDomain, "maps" | "events" | "store">,
    frontend: number,
    name: string,
    disk: Disk,
    options: BackendOptions = {},
  ): Promise<BlockBackend> {
    const device = await BackendDevice.open(domain, BACKEND_KIND, frontend, diskNumber(name));
    try {
      const isReadOnly = disk.readOnly || await device.nodes.text("mode") === "r";
      return new BlockBackend(domain, device, isReadOnly ? new ReadOnlyDisk(disk) : disk, options);
    } catch (error) {
      device.close();
      throw error;
    }
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
        // A frontend that is refused again and again must not keep the program busy.
        if (this.#pause > 0) await setTimeout(this.#pause, undefined, { signal });
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
      // Even if it is 0: the program before this one may have offered some.
      "feature-max-indirect-segments": maxIndirect,
    };
  }

  #properties(): NodeValues {
    const { persistent, flush, discard, sectorSize } = this.#options;
    const { size, readOnly } = this.#disk;
    return {
      "feature-flush-cache": flush ? 1 : 0,
      "feature-persistent": persistent ? 1 : 0,
      "feature-discard": discard ? 1 : 0,
      "discard-granularity": discard ? sectorSize : undefined,
      "discard-alignment": discard ? 0 : undefined,
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
      this.#pause = 0;
    } catch (error) {
      if (!signal.aborted) await this.#refuse(error);
    }
    const release = async () => {
      await connection?.close(this.#options.timeout);
      this.#connection = undefined;
    };
    try {
      await device.end(release, { timeout: this.#options.timeout });
    } catch (error) {
      // It does not follow in time. The next offer waits until it does.
      this.#note(error);
      await release();
      if (error instanceof PvError && error.code === "taken") throw error;
    }
    // What a slow disk still writes for this frontend must not undo what the next one has written.
    await abortable(signal, connection?.idle ?? Promise.resolve());
  }

  /** Tells the frontend, and whoever looks into XenStore, that it is not served; unless it is gone. */
  async #refuse(error: unknown): Promise<void> {
    // Whatever it was: a frontend may remove its own nodes to hide a fault, but not to be served again at once.
    this.#pause = Math.min(2 * this.#pause + 1, LONGEST_PAUSE);
    if (await this.#isGone()) return;
    this.#note(error);
    try {
      await this.#device.fail(error instanceof Error ? error.message : String(error));
    } catch {
      // The device is gone.
    }
  }

  /** Whether either side has no state any more, as far as that can be read. */
  async #isGone(): Promise<boolean> {
    const { nodes, frontend } = this.#device;
    const states = await Promise.all([nodes, frontend].map((side) => side.text("state").catch(() => undefined)));
    return states.includes(undefined);
  }

  #note(failure: unknown): void {
    this.failures.push(failure);
    this.failures.splice(0, this.failures.length - MOST_FAILURES);
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
