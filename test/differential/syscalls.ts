/**
 * System calls by Deno's foreign function interface, so that the kernel is called without this library's backends.
 *
 * @module
 */
import { errnoName } from "../../src/contract/errno.ts";
import { Refused } from "./machine.ts";

const O_RDWR_CLOEXEC = 0o2000002;
const MAP_SHARED = 1;
const PROT_READ = 1;
const PROT_WRITE = 2;

/** Where memory is mapped. */
export type Address = Deno.PointerObject;

function load() {
  const { symbols } = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
    mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
    munmap: { parameters: ["pointer", "usize"], result: "i32" },
    copyIn: { name: "memcpy", parameters: ["pointer", "buffer", "usize"], result: "pointer" },
    copyOut: { name: "memcpy", parameters: ["buffer", "pointer", "usize"], result: "pointer" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  const failed = Deno.UnsafePointer.create(2n ** 64n - 1n);
  return { ...symbols, failed, errno: new Deno.UnsafePointerView(symbols.__errno_location()!) };
}

let loaded: ReturnType<typeof load> | undefined;

/** Nothing is loaded before the first call, as the host imports this module to learn the names of tests. */
function libc(): ReturnType<typeof load> {
  return loaded ??= load();
}

function refused(): Refused {
  return new Refused(errnoName(libc().errno.getInt32()));
}

/** Opens a device. Returns the descriptor. */
export function open(path: string): number {
  const fd = libc().open(new TextEncoder().encode(`${path}\0`), O_RDWR_CLOEXEC);
  if (fd < 0) throw refused();
  return fd;
}

export function close(fd: number): void {
  if (libc().close(fd) < 0) throw refused();
}

export function ioctl(fd: number, request: number, view: DataView<ArrayBuffer>): void {
  if (libc().ioctl(fd, request, new Uint8Array(view.buffer)) < 0) throw refused();
}

export function mmap(fd: number, offset: number, length: number, writable: boolean): Address {
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const address = libc().mmap(null, BigInt(length), protection, MAP_SHARED, fd, BigInt(offset));
  if (address === null || Deno.UnsafePointer.equals(address, libc().failed)) throw refused();
  return address;
}

export function munmap(address: Address, length: number): void {
  if (libc().munmap(address, BigInt(length)) < 0) throw refused();
}

/** Copies bytes out of mapped memory, without making a view that could outlive the mapping. */
export function peek(address: Address, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  libc().copyOut(bytes, Deno.UnsafePointer.offset(address, offset), BigInt(length));
  return bytes;
}

/** Writes a byte into mapped memory. */
export function poke(address: Address, offset: number, byte: number): void {
  libc().copyIn(Deno.UnsafePointer.offset(address, offset), Uint8Array.of(byte), 1n);
}
