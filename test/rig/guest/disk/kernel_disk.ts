/** Disks that dom0's kernel serves by its xen-blkback, on loop devices over files. */

import { denoDomain } from "../../../../backends/deno.ts";
import { diskNumber } from "../../../../examples/block/names.ts";
import { createDevice, type DevicePlace, removeDevice } from "../../../../src/pv/mod.ts";
import { shell } from "../programs.ts";

const LOOP_MAJOR = 7;

/** A file on a loop device. */
export class LoopFile {
  readonly path: string;
  readonly device: string;

  private constructor(path: string, device: string) {
    this.path = path;
    this.device = device;
  }

  static async create(name: string, size: number): Promise<LoopFile> {
    const path = `/tmp/${name}.img`;
    await createFile(path, size);
    const device = await shell("losetup -f");
    await shell(`losetup ${device} ${path}`);
    return new LoopFile(path, device);
  }

  /** Makes the file larger, and tells the loop device. */
  async resize(size: number): Promise<void> {
    await Deno.truncate(this.path, size);
    await shell(`losetup -c ${this.device}`);
  }

  /** Ends the loop device. Nobody may have it open. */
  async detach(): Promise<void> {
    await shell(`losetup -d ${this.device}`);
    const isBound = await shell(`losetup ${this.device}`).then(() => true, () => false);
    if (isBound) throw new Error(`${this.device} is still in use`);
  }

  async remove(): Promise<void> {
    await this.detach();
    await Deno.remove(this.path);
  }
}

/** Makes a file full of zeros, in place of any other. */
export async function createFile(path: string, size: number): Promise<void> {
  await Deno.remove(path).catch(() => {});
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, size);
}

/** Reads a part of a file. */
export async function readPart(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) throw new Error(`${path} ends at byte ${offset + at}`);
    at += count;
  }
  return bytes;
}

/** Writes a part of a file. */
export async function writePart(path: string, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** A disk of a domU, made as the toolstack does, without its scripts. */
export class KernelDisk {
  readonly place: DevicePlace;
  readonly loop: LoopFile;

  private constructor(place: DevicePlace, loop: LoopFile) {
    this.place = place;
    this.loop = loop;
  }

  static async create(
    frontend: number,
    name: string,
    size: number,
    { readOnly = false }: { readOnly?: boolean } = {},
  ): Promise<KernelDisk> {
    return await KernelDisk.on(await LoopFile.create(name, size), frontend, name, { readOnly });
  }

  /** Makes a disk on a loop device, which others may use, too. */
  static async on(
    loop: LoopFile,
    frontend: number,
    name: string,
    { readOnly = false }: { readOnly?: boolean } = {},
  ): Promise<KernelDisk> {
    const disk = new KernelDisk({ kind: "vbd", id: diskNumber(name), frontend, backend: 0 }, loop);
    const minor = Number(loop.device.replace("/dev/loop", ""));
    await createDevice(denoDomain(), {
      ...disk.place,
      frontendNodes: { "virtual-device": disk.place.id, "device-type": "disk" },
      backendNodes: {
        dev: name,
        type: "phy",
        params: loop.device,
        mode: readOnly ? "r" : "w",
        removable: 0,
        bootable: 0,
        "device-type": "disk",
        "physical-device": `${LOOP_MAJOR}:${minor.toString(16)}`,
      },
    });
    return disk;
  }

  /** What the kernel counts of its requests. */
  async statistics(): Promise<Record<string, number>> {
    const folder = `/sys/bus/xen-backend/devices/vbd-${this.place.frontend}-${this.place.id}/statistics`;
    const names = ["rd_req", "wr_req", "f_req", "ds_req", "oo_req", "rd_sect", "wr_sect"];
    const read = async (name: string) => [name, Number(await Deno.readTextFile(`${folder}/${name}`))] as const;
    return Object.fromEntries(await Promise.all(names.map(read)));
  }

  /** Removes it. Both sides must have ended, or end now. */
  async remove(): Promise<void> {
    if (!await removeDevice(denoDomain(), this.place)) throw new Error("the disk has not ended in time");
    await this.loop.remove();
  }
}
