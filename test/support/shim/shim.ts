/**
 * Builds, loads and controls the shim: a C library that simulates Xen's devices, for tests of the Deno backend without
 * Xen.
 *
 * @module
 */
import { ensureGcc } from "../ensure.ts";
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
  /** `void shim_domid(int number)` */
  shim_domid: { parameters: ["i32"], result: "void" },
  /** `void shim_page_size(int bytes)` */
  shim_page_size: { parameters: ["i32"], result: "void" },
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

/** A port that is bound from the start, with no peer. */
export const BOUND_PORT = 5;

/**
 * Compiles the library into a directory. Installs gcc if it is missing, on Debian as root.
 *
 * @returns The path of the library.
 * @throws {Error} if gcc cannot be installed, or fails.
 */
export async function buildShim(directory: string): Promise<string> {
  const library = `${directory}/shim.so`;
  const sources = ["shim.c", "evtchn.c", "copy.c", "xenbus.c"].map((name) => new URL(name, import.meta.url).pathname);
  await ensureGcc();
  const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"];
  await exec("gcc", [...flags, "-o", library, ...sources]);
  return library;
}

/** The loaded library. Its state belongs to the whole process. */
export class Shim {
  readonly #symbols: Deno.DynamicLibrary<typeof CONTROLS>["symbols"];

  constructor(library: string) {
    this.#symbols = Deno.dlopen(library, CONTROLS).symbols;
    this.reset();
  }

  /** Resets everything but open files and mappings. */
  reset(): void {
    this.#symbols.shim_reset();
  }

  /** Makes a call fail once, after `skip` more of its kind. */
  fail(
    call: "open" | "close" | "read" | "write" | "ioctl" | "mmap" | "munmap" | "epoll_ctl",
    errno: number,
    skip = 0,
  ): void {
    this.#symbols.shim_fail(cString(call), skip, errno);
  }

  /** Makes a text file exist. Others do not. */
  text(path: string, contents: string): void {
    this.#symbols.shim_text(cString(path), cString(contents));
  }

  /**
   * Sets the limit of pages for all files together, negative for none, and the number of entries of the grant table.
   */
  bounds(pages: number, entries: number): void {
    this.#symbols.shim_bounds(pages, entries);
  }

  /** Sets what XenStore says is the own domid. Without it, there is no XenStore. */
  domid(number: number): void {
    this.#symbols.shim_domid(number);
  }

  /** Sets the size of the kernel's pages. */
  pageSize(bytes: number): void {
    this.#symbols.shim_page_size(bytes);
  }

  /** Returns the number of events that unmap notifies have sent. */
  events(): number {
    return this.#symbols.shim_events();
  }

  /** Raises an event on a port, as for a VIRQ. */
  raise(port: number): void {
    this.#symbols.shim_raise(port);
  }

  /** Returns the number of pages that are still granted, or that a peer still maps. */
  grantedPages(): number {
    return this.#symbols.shim_granted_pages();
  }

  /** Returns the number of grants that files of gntdev were given to map and not told to forget. */
  knownGrants(): number {
    return this.#symbols.shim_known_grants();
  }
}

/** Returns the number of open files of this process whose path contains `name`. Default are those of the shim. */
export function openFiles(name = "gntalloc-shim-file"): number {
  let count = 0;
  for (const entry of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${entry.name}`).includes(name)) count++;
    } catch (error) {
      // The descriptor that read the directory is closed by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return count;
}

/** Returns the number of pages of the shim's devices that this process has mapped. */
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
