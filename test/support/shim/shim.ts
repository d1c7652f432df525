/**
 * Builds the library of `shim.c`, loads it and tells it what to do: Xen's devices for tests of the Deno backend without Xen.
 *
 * @module
 */
import { ensureGcc } from "../gcc.ts";
import { exec } from "../../../scripts/exec.ts";

const CONTROLS = {
  /** `void shim_reset(void)` */
  shim_reset: { parameters: [], result: "void" },
  /** `void shim_fail(const char *call, int skip, int error)` */
  shim_fail: { parameters: ["buffer", "i32", "i32"], result: "void" },
  /** `void shim_text(const char *path, const char *contents)` */
  shim_text: { parameters: ["buffer", "buffer"], result: "void" },
  /** `void shim_bounds(int pages, int entries)` */
  shim_bounds: { parameters: ["i32", "i32"], result: "void" },
  /** `int shim_events(void)` */
  shim_events: { parameters: [], result: "i32" },
  /** `int shim_granted_pages(void)` */
  shim_granted_pages: { parameters: [], result: "i32" },
  /** `void shim_raise(int port)` */
  shim_raise: { parameters: ["i32"], result: "void" },
  /** `int shim_known_grants(void)` */
  shim_known_grants: { parameters: [], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The number of entries of the shim's grant table. */
export const TABLE_SIZE = 4096;

/** A port that is bound on the shim's devices, to nobody; those that are bound through its event channels come beside it. */
export const BOUND_PORT = 5;

/**
 * Compiles the library into a directory. Where gcc is missing it is installed, on Debian as root.
 *
 * @returns The path of the library.
 * @throws {Error} if gcc cannot be had, or fails.
 */
export async function buildShim(directory: string): Promise<string> {
  const library = `${directory}/shim.so`;
  const sources = ["shim.c", "evtchn.c", "copy.c"].map((name) => new URL(name, import.meta.url).pathname);
  await ensureGcc();
  const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"];
  await exec("gcc", [...flags, "-o", library, ...sources]);
  return library;
}

/** The loaded library. What is asked of it holds for the whole process. */
export class Shim {
  readonly #symbols: Deno.DynamicLibrary<typeof CONTROLS>["symbols"];

  constructor(library: string) {
    this.#symbols = Deno.dlopen(library, CONTROLS).symbols;
    this.reset();
  }

  /** Forgets everything but what is open and mapped. */
  reset(): void {
    this.#symbols.shim_reset();
  }

  /** Has a call fail once, after `skip` more of its kind have not. */
  fail(
    call: "open" | "close" | "read" | "write" | "ioctl" | "mmap" | "munmap" | "epoll_ctl",
    errno: number,
    skip = 0,
  ): void {
    this.#symbols.shim_fail(cString(call), skip, errno);
  }

  /** Has a text file be there; others are not. */
  text(path: string, contents: string): void {
    this.#symbols.shim_text(cString(path), cString(contents));
  }

  /** Sets the pages that all files may hold together, negative for no limit, and the entries of the grant table. */
  bounds(pages: number, entries: number): void {
    this.#symbols.shim_bounds(pages, entries);
  }

  /** Events that unmap notifies have sent. */
  events(): number {
    return this.#symbols.shim_events();
  }

  /** Has an event come on a port, from nobody: a VIRQ. */
  raise(port: number): void {
    this.#symbols.shim_raise(port);
  }

  /** Pages that are granted still, to a peer that maps them at least. */
  grantedPages(): number {
    return this.#symbols.shim_granted_pages();
  }

  /** Grants that files of gntdev have been given to map, and not told to forget. */
  knownGrants(): number {
    return this.#symbols.shim_known_grants();
  }
}

/** How many files this process has open, as the kernel sees it: those with `name` in their path, the shim's by default. */
export function openFiles(name = "gntalloc-shim-file"): number {
  let count = 0;
  for (const entry of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${entry.name}`).includes(name)) count++;
    } catch (error) {
      // The descriptor that read the directory is gone by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return count;
}

/** How many pages of the shim's devices this process has mapped, as the kernel sees it. */
export function mappedPages(): number {
  let pages = 0;
  for (const line of Deno.readTextFileSync("/proc/self/maps").split("\n")) {
    if (!line.includes("gntalloc-shim-memory")) continue;
    const [start, end] = line.split(" ", 1)[0]!.split("-").map((address) => parseInt(address, 16));
    pages += (end! - start!) / 4096;
  }
  return pages;
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
