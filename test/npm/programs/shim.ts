/** The library that stands in for the C library and for Xen (`test/support/shim/shim.c`), told what to do from Node. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createRequire } from "node:module";

interface Controls {
  shim_reset(): void;
  shim_fail(call: string, skip: number, error: number): void;
  shim_text(path: string, contents: string): void;
  shim_bounds(pages: number, entries: number): void;
  shim_raise(port: number): void;
  shim_granted_pages(): number;
  shim_known_grants(): number;
}

const SIGNATURES = [
  "void shim_reset(void)",
  "void shim_fail(const char *call, int skip, int error)",
  "void shim_text(const char *path, const char *contents)",
  "void shim_bounds(int pages, int entries)",
  "void shim_raise(int port)",
  "int shim_granted_pages(void)",
  "int shim_known_grants(void)",
];

const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";
const TABLE_SIZE = 4096;

/** The loaded library. What is asked of it holds for the whole process. */
export class Shim {
  readonly #controls: Controls;

  constructor(path: string) {
    const library = createRequire(import.meta.url)("koffi").load(path);
    this.#controls = Object.fromEntries(
      SIGNATURES.map((signature) => [/shim_\w+/.exec(signature)![0], library.func(signature)]),
    ) as unknown as Controls;
    this.reset();
  }

  /** A Xen domain with the driver's usual limit, and no failures. */
  reset(): void {
    this.#controls.shim_reset();
    this.#controls.shim_text("/sys/hypervisor/type", "xen\n");
    this.setLimit(1024);
  }

  setLimit(pages: number): void {
    const limit = pages === Infinity ? -1 : pages;
    this.#controls.shim_bounds(limit, TABLE_SIZE);
    this.#controls.shim_text(LIMIT, `${limit}\n`);
  }

  /** Has the next call of its kind fail. */
  fail(call: "open" | "close" | "ioctl" | "mmap" | "munmap", errno: number): void {
    this.#controls.shim_fail(call, 0, errno);
  }

  /** Has an event come on a port, from nobody. */
  raise(port: number): void {
    this.#controls.shim_raise(port);
  }

  /** Throws if anything is open, mapped, granted or known. */
  assertClean(): void {
    const left = {
      files: openFiles(),
      mapped: mappedPages(),
      granted: this.#controls.shim_granted_pages(),
      known: this.#controls.shim_known_grants(),
    };
    if (Object.values(left).some((count) => count > 0)) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }
}

/** How many files of the shim's this process has open, as the kernel sees it. */
export function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("gntalloc-shim-file");
    } catch {
      return false; // the descriptor that read the directory is gone by now
    }
  }).length;
}

/** How many pages of the shim's devices this process has mapped, as the kernel sees it. */
export function mappedPages(): number {
  let pages = 0;
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    if (!line.includes("gntalloc-shim-memory")) continue;
    const [start, end] = line.split(" ", 1)[0]!.split("-").map((address) => parseInt(address, 16));
    pages += (end! - start!) / 4096;
  }
  return pages;
}
