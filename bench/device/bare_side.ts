/**
 * Deno's floor: the same calls and a view of the memory, without this library, its checks and its books. The library
 * costs what comes on top.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  allocGrefSize,
  decodeAllocGref,
  encodeAllocGref,
  encodeRun,
  GNTALLOC_FLAG_WRITABLE,
  IOCTL_GNTALLOC_ALLOC_GREF,
  IOCTL_GNTALLOC_DEALLOC_GREF,
} from "../../backends/linux/abi/grants.ts";
import { serve } from "./side.ts";

const PAGE_SIZE = 4096;
const MOST_PAGES = 1024;
const O_RDWR_CLOEXEC = 0x80002;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

const { positionals: [library = "libc.so.6"] } = parseArgs({ allowPositionals: true });
const { symbols: libc } = Deno.dlopen(library, {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
});
const fd = libc.open(new TextEncoder().encode("/dev/xen/gntalloc\0"), O_RDWR_CLOEXEC);
const request = new Uint8Array(allocGrefSize(MOST_PAGES));
const view = new DataView(request.buffer);
const grefs = new Uint32Array(MOST_PAGES);

function check(result: number): void {
  if (result < 0) throw new Error("Cannot share pages: a system call failed");
}

function share(pages: number, times: number): void {
  const length = pages * PAGE_SIZE;
  for (let time = 0; time < times; time++) {
    encodeAllocGref(view, 0, GNTALLOC_FLAG_WRITABLE, pages);
    check(libc.ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, request));
    const index = decodeAllocGref(view, pages, grefs);
    const pointer = libc.mmap(null, BigInt(length), PROT_READ_WRITE, MAP_SHARED, fd, BigInt(index))!;
    const bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));
    for (let at = 0; at < bytes.length; at += PAGE_SIZE) bytes[at] = 1;
    bytes.buffer.transfer(0);
    check(libc.munmap(pointer, BigInt(length)));
    encodeRun(view, index, pages);
    check(libc.ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, request));
  }
}

await serve(share);
