/**
 * What a backend serves.
 *
 * @module
 */
import { type FileHandle, open } from "node:fs/promises";

/** A disk. Offsets and lengths are in bytes, and within its size. */
export interface Disk {
  readonly size: number;
  readonly readOnly: boolean;
  read(offset: number, target: Uint8Array): Promise<void>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes what was written durable. */
  flush(): Promise<void>;
  /** Forgets bytes. */
  discard(offset: number, length: number): Promise<void>;
}

/** Makes another disk read-only. */
export class ReadOnlyDisk implements Disk {
  readonly readOnly = true;
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get size(): number {
    return this.#disk.size;
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#disk.read(offset, target);
  }

  write(): Promise<void> {
    return Promise.reject(new Error("the disk is read-only"));
  }

  flush(): Promise<void> {
    return this.#disk.flush();
  }

  discard(): Promise<void> {
    return this.write();
  }
}

/** A disk in memory. */
export class BytesDisk implements Disk {
  readonly readOnly: boolean;
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#bytes = bytes;
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** All bytes of the disk. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Makes it larger or smaller. Tell the backend: see `BlockBackend.resized()`. */
  resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, size));
    this.#bytes = bytes;
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    target.set(this.#bytes.subarray(offset, offset + target.length));
    return Promise.resolve();
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#bytes.set(bytes, offset);
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  discard(offset: number, length: number): Promise<void> {
    this.#bytes.fill(0, offset, offset + length);
    return Promise.resolve();
  }
}

/** A disk in a file. */
export class FileDisk implements Disk, AsyncDisposable {
  readonly readOnly: boolean;
  readonly #file: FileHandle;
  #size: number;

  private constructor(file: FileHandle, size: number, readOnly: boolean) {
    this.#file = file;
    this.#size = size;
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.#size;
  }

  /** Looks at the size of the file again. Tell the backend: see `BlockBackend.resized()`. */
  async refresh(): Promise<void> {
    const { size } = await this.#file.stat();
    // An incomplete sector at the end does not count.
    this.#size = size - size % 512;
  }

  /** Opens a file, whose size must be a multiple of 512 bytes. */
  static async open(path: string, { readOnly = false }: { readOnly?: boolean } = {}): Promise<FileDisk> {
    const file = await open(path, readOnly ? "r" : "r+");
    const { size } = await file.stat();
    if (size % 512 === 0) return new FileDisk(file, size, readOnly);
    await file.close();
    throw new RangeError(`Cannot serve ${path} as its size must be a multiple of 512 bytes: current value is ${size}`);
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    for (let at = 0; at < target.length;) {
      const { bytesRead } = await this.#file.read(target, at, target.length - at, offset + at);
      if (bytesRead === 0) throw new Error(`the file ends at byte ${offset + at}`);
      at += bytesRead;
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, offset + at);
      at += bytesWritten;
    }
  }

  async flush(): Promise<void> {
    await this.#file.datasync();
  }

  async discard(offset: number, length: number): Promise<void> {
    // Without a call to punch holes, zeros are what there is.
    const zeros = new Uint8Array(Math.min(length, 1024 * 1024));
    for (let at = 0; at < length; at += zeros.length) {
      await this.write(offset + at, zeros.subarray(0, Math.min(zeros.length, length - at)));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
