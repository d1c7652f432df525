// A disk
//
// The driver of a virtual disk has two halves: a backend in domain 0, which serves a disk in memory here, and a
// frontend in domain 1, which reads and writes its sectors. Both walk through their states in XenStore. Then requests
// and answers go through a ring in a shared page.

import { MockXen } from "@gntalloc/gntalloc/mock";
import { removeDevice } from "@gntalloc/gntalloc/pv";
import { BlockBackend, BlockDevice, BytesDisk, createDisk, placeOfDisk } from "examples/block";

const xen = new MockXen();
const [dom0, domU] = [xen.domain(0), xen.domain(1)];

// The toolstack says in XenStore that there is a disk, and a backend serves it.
await createDisk(dom0, 1, "xvdb");
const backend = await BlockBackend.serve(dom0, 1, "xvdb", new BytesDisk(new Uint8Array(1024 * 1024)));

// The frontend connects.
const disk = await BlockDevice.attach(domU, "xvdb");
console.log("the disk has", disk.size, "bytes in sectors of", disk.sectorSize);

const sector = new Uint8Array(512);
sector.set(new TextEncoder().encode("Sectors remember."));
await disk.write(8192, sector);
await disk.flush();

const read = await disk.read(8192, 512);
console.log("read back:", new TextDecoder().decode(read.subarray(0, 17)));

await disk.detach();
await removeDevice(dom0, placeOfDisk("xvdb", 1));
await backend.closed;

// Shows:
// 8 to 9 → domain 0, writable: mapped
// remember
// state = 4

// Prints:
// the disk has 1048576 bytes in sectors of 512
// read back: Sectors remember.
