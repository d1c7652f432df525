import type { Disk } from "./disk.ts";
import type { PageAccess } from "./page_access.ts";
import {
  getSegments,
  MOST_DIRECT,
  MOST_INDIRECT,
  Operation,
  type Request,
  SECTOR,
  SECTORS_IN_PAGE,
  type Segment,
  SEGMENT_SIZE,
  Status,
} from "./protocol.ts";

/** What a backend can do. */
export interface ServedFeatures {
  /** The most segments of an indirect request; 0 if it takes none. */
  readonly maxIndirect: number;
  readonly sectorSize: number;
  readonly flush: boolean;
  readonly discard: boolean;
}

/** Carries out requests. Nothing in them is trusted: what makes no sense is answered with an error. */
export class RequestServer {
  readonly #disk: Disk;
  readonly #pages: PageAccess;
  readonly #features: ServedFeatures;

  constructor(disk: Disk, pages: PageAccess, features: ServedFeatures) {
    this.#disk = disk;
    this.#pages = pages;
    this.#features = features;
  }

  /** Carries out a request, and returns its status. Never throws. */
  async serve(request: Request): Promise<number> {
    try {
      return await this.#serve(request);
    } catch {
      // The disk, or the system.
      return Status.Error;
    }
  }

  async #serve(request: Request): Promise<number> {
    const { flush, discard } = this.#features;
    const isTransfer = request.operation === Operation.Read || request.operation === Operation.Write;
    // As Linux's backend does: only a direct request may be of a kind that it does not know.
    if (request.indirect && !isTransfer) return Status.Error;
    switch (request.operation) {
      case Operation.Read:
      case Operation.Write:
        return await this.#transfer(request);
      case Operation.Flush:
        if (!flush) return Status.Unsupported;
        if (request.claimed > 0) return Status.Error;
        await this.#disk.flush();
        return Status.Okay;
      case Operation.Discard:
        return discard ? await this.#discard(request) : Status.Unsupported;
      default:
        return Status.Unsupported;
    }
  }

  async #discard({ sector, sectors }: Request): Promise<number> {
    if (this.#disk.readOnly || !this.#isInside(sector, sectors)) return Status.Error;
    await this.#disk.discard(sector * SECTOR, sectors * SECTOR);
    return Status.Okay;
  }

  async #transfer(request: Request): Promise<number> {
    const { operation, sector } = request;
    const segments = this.#segmentsOf(request);
    if (segments === undefined || segments.length === 0) return Status.Error;
    let sectors = 0;
    for (const { first, last } of segments) {
      if (last >= SECTORS_IN_PAGE || first > last) return Status.Error;
      sectors += last - first + 1;
    }
    if (!this.#isInside(sector, sectors)) return Status.Error;
    const bytes = new Uint8Array(sectors * SECTOR);
    if (operation === Operation.Read) {
      await this.#disk.read(sector * SECTOR, bytes);
      return this.#pages.write(segments, bytes) ? Status.Okay : Status.Error;
    }
    if (this.#disk.readOnly || !this.#pages.read(segments, bytes)) return Status.Error;
    await this.#disk.write(sector * SECTOR, bytes);
    return Status.Okay;
  }

  /** The segments of a request, copied; nothing if there are too many, or their pages are not granted. */
  #segmentsOf({ segments, claimed, indirect }: Request): readonly Segment[] | undefined {
    if (indirect === undefined) return claimed > MOST_DIRECT ? undefined : segments;
    if (indirect.count > this.#features.maxIndirect) return undefined;
    const found: Segment[] = [];
    for (const [index, gref] of indirect.grefs.entries()) {
      const count = Math.min(MOST_INDIRECT, indirect.count - index * MOST_INDIRECT);
      const bytes = this.#pages.head(gref, count * SEGMENT_SIZE);
      if (bytes === undefined) return undefined;
      found.push(...getSegments(new DataView(bytes.buffer), 0, count));
    }
    return found;
  }

  #isInside(sector: number, sectors: number): boolean {
    const unit = this.#features.sectorSize / SECTOR;
    return sector % unit === 0 && sectors % unit === 0 && sector + sectors <= this.#disk.size / SECTOR;
  }
}
