/** Controls the shim from Node: a stand-in for the C library and Xen, `test/support/shim/shim.c`. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createRequire } from "node:module";

interface Controls {
  shim_reset(): void;
  shim_fail(call: string, skip: number, error: number): void;
  shim_text(path: string, contents: string): void;
  shim_bounds(pages: number, entries: number): void;
  shim_page_size(bytes: number): void;
  shim_domid(number: number): void;
  shim_raise(port: number): void;
  shim_granted_pages(): number;
  shim_known_grants(): number;
}

const SIGNATURES = [
  "void shim_reset(void)",
  "void shim_fail(const char *call, int skip, int error)",
  "void shim_text(const char *path, const char *contents)",
  "void shim_bounds(int pages, int entries)",
  "void shim_page_size(int bytes)",
  "void shim_domid(int number)",
  "void shim_raise(int port)",
  "int shim_granted_pages(void)",
  "int shim_known_grants(void)",
];

const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";
const TABLE_SIZE = 4096;

/** The loaded shim. Its state belongs to the whole process. */
export class Shim {
  readonly #controls: Controls;

  constructor(path: string) {
    const library = createRequire(import.meta.url)("koffi").load(path);
    this.#controls = Object.fromEntries(
      SIGNATURES.map((signature) => [/shim_\w+/.exec(signature)![0], library.func(signature)]),
    ) as unknown as Controls;
    this.reset();
  }

  /** Resets to a Xen domain with the default limit and no failures. */
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

  /** Sets the size of the kernel's pages. */
  pageSize(bytes: number): void {
    this.#controls.shim_page_size(bytes);
  }

  /** Makes this a PVH domain that knows its domid. */
  pvh(domid: number): void {
    this.#controls.shim_text("/sys/hypervisor/guest_type", "PVH\n");
    this.#controls.shim_domid(domid);
  }

  /** Makes the next call of a kind fail. */
  fail(call: "open" | "close" | "ioctl" | "mmap" | "munmap", errno: number): void {
    this.#controls.shim_fail(call, 0, errno);
  }

  /** Raises an event on a port. */
  raise(port: number): void {
    this.#controls.shim_raise(port);
  }

  /** Throws if a file is open, or a page mapped, granted or known. */
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

/** Counts the files of the shim that this process has open, according to the kernel. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("gntalloc-shim-file");
    } catch {
      return false; // the descriptor that listed the directory is closed by now
    }
  }).length;
}

/** Counts the pages of the shim that this process has mapped, according to the kernel. */
export function mappedPages(): number {
  let pages = 0;
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    if (!line.includes("gntalloc-shim-memory")) continue;
    const [start, end] = line.split(" ", 1)[0]!.split("-").map((address) => parseInt(address, 16));
    pages += (end! - start!) / 4096;
  }
  return pages;
}
