/**
 * Set-up of a test file that runs on the shim.
 *
 * @module
 */

import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { GNTALLOC_LIMIT, HYPERVISOR_TYPE } from "../../../backends/linux/errors.ts";
import { buildShim, mappedPages, openFiles, Shim, TABLE_SIZE } from "./shim.ts";

/** Installing gcc may take minutes. */
const BUILD_TIMEOUT = 300_000;

/** The shim, for the tests of one file. Its properties are there when the first test runs. */
interface UsedShim {
  /** A directory that is removed after the last test. */
  readonly directory: string;
  /** The path of the shim, for the option `libc`. */
  readonly libc: string;
  /** The shim, which was reset before the test. */
  readonly shim: Shim;
}

/**
 * Builds and loads the shim before the first test of a file. Each test begins with a Xen domain whose limit is 1024
 * pages, and must leave nothing open, mapped, granted or bound.
 */
export function useShim(): UsedShim {
  let used: UsedShim | undefined;
  const current = (): UsedShim => {
    if (used === undefined) throw new Error("the shim is there from the first test on");
    return used;
  };

  beforeAll(async () => {
    const directory = await Deno.makeTempDir();
    const libc = await buildShim(directory);
    used = { directory, libc, shim: new Shim(libc) };
  }, BUILD_TIMEOUT);

  afterAll(async () => {
    if (used !== undefined) await Deno.remove(used.directory, { recursive: true });
  });

  let pipes: number;
  beforeEach(() => {
    const { shim } = current();
    shim.reset();
    shim.text(HYPERVISOR_TYPE, "xen\n");
    shim.text(GNTALLOC_LIMIT, "1024\n");
    pipes = openFiles("pipe:");
  });

  // This holds even for tests that fail. The rings of the shim's event channels are pipes.
  afterEach(() => {
    const { shim } = current();
    expect(openFiles()).toBe(0);
    expect(openFiles("pipe:")).toBe(pipes);
    expect(mappedPages()).toBe(0);
    expect(shim.knownGrants()).toBe(0);
    expect(shim.grantedPages()).toBe(0);
  });

  return {
    get directory() {
      return current().directory;
    },
    get libc() {
      return current().libc;
    },
    get shim() {
      return current().shim;
    },
  };
}

/** Sets the limit of the shim's kernel, as a conformance suite asks for it. */
export function setLimit(shim: Shim, pages: number): void {
  const limit = pages === Infinity ? -1 : pages;
  shim.bounds(limit, TABLE_SIZE);
  shim.text(GNTALLOC_LIMIT, `${limit}\n`);
}
