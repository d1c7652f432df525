/** Runs in a domU: a program that shares and maps pages on request of the tests in dom0. */

import { denoDomain } from "../../../backends/deno.ts";
import {
  GrantDevice,
  GrantError,
  GrantMapper,
  type Mapping,
  type SharedPages,
  type WritableMapping,
} from "../../../mod.ts";
import { serve } from "./channel.ts";
import { cliHandlers } from "./cli/programs.ts";
import { kill, readLines, spawn, spawnExample, spawnNodeExample } from "./child.ts";
import { hostileHandlers } from "./disk/hostile_frontends.ts";
import { programHandlers } from "./programs.ts";
import { assertNothingGranted } from "./limit.ts";
import { peerHandlers } from "./peers.ts";
import { testStore } from "./store_conformance.ts";
import { storeHandlers } from "./store_participant.ts";
import { proxyHandlers } from "./vchan/proxies.ts";
import { testVchan } from "./vchan/suite.ts";

const device = new GrantDevice(denoDomain());
const allocator = device.open();
const mapper = new GrantMapper(denoDomain());
const shared: SharedPages[] = [];
const mappings: Mapping[] = [];

await serve({
  /** Shares pages with a domain. Returns a handle and the references. */
  share({ peer, pages, writable }: { peer: number; pages: number; writable: boolean }) {
    const allocated = allocator.allocate(peer, { pages, writable });
    return { handle: shared.push(allocated) - 1, grefs: allocated.grefs };
  },
  /** Frees shared pages, or part of them. */
  free({ handle, range }: { handle: number; range?: { start: number; count: number } }) {
    shared[handle]!.free(range);
  },
  /** Sets an unmap notify that clears a byte of shared pages. */
  notify({ handle, page, clearByte }: { handle: number; page: number; clearByte: number }) {
    shared[handle]!.setUnmapNotify({ clearByte }, page);
  },
  /** Maps shared pages. Returns the handle of the mapping. */
  mapOwn({ handle }: { handle: number }) {
    return mappings.push(shared[handle]!.map()) - 1;
  },
  /** Maps pages of a domain. Returns the handle of the mapping, or the code of the error. */
  mapPeer({ domid, grefs, writable }: { domid: number; grefs: number[]; writable: boolean }) {
    try {
      return mappings.push(mapper.map(domid, grefs, { writable })) - 1;
    } catch (error) {
      if (error instanceof GrantError) return error.code;
      throw error;
    }
  },
  /** Reads bytes of a mapping. */
  read({ mapping, offset, length }: { mapping: number; offset: number; length: number }) {
    return [...mappings[mapping]!.read(offset, length)];
  },
  /** Writes bytes into a mapping. */
  write({ mapping, offset, bytes }: { mapping: number; offset: number; bytes: number[] }) {
    (mappings[mapping] as WritableMapping).bytes.set(bytes, offset);
  },
  /** Ends a mapping. */
  unmap({ mapping }: { mapping: number }) {
    mappings[mapping]!.unmap();
  },
  /** Asks whether a domain is there; `null` if this domain cannot know. */
  isAlive: async ({ domid }: { domid: number }) => await denoDomain().isAlive(domid) ?? null,
  /** Closes the program's only allocator. Throws if this domain still grants something. */
  finish() {
    allocator.close();
    assertNothingGranted();
    return device.inspect();
  },
  /** Starts a script of this folder. Returns its process id, and the first line that it prints, parsed as JSON. */
  spawn: ({ script, args }: { script: string; args?: string[] }) => spawn(`${import.meta.dirname}/${script}`, args),
  /** Kills such a process with SIGKILL. */
  kill: ({ pid }: { pid: number }) => kill(pid),
  /** Starts a program of examples/. Returns its process id, and the first line that it prints. */
  example: ({ file = "share.ts", args }: { file?: string; args: string[] }) => spawnExample(file, args),
  /** Starts the same as examples/share.ts on Node. */
  nodeExample: ({ args }: { args: string[] }) => spawnNodeExample(args),
  /** Returns the lines that such a process prints until it ends by itself. */
  readLines: ({ pid }: { pid: number }) => readLines(pid),
  testStore,
  testVchan,
  ...peerHandlers(),
  ...storeHandlers(),
  ...proxyHandlers(),
  ...cliHandlers(),
  ...programHandlers(),
  ...hostileHandlers(),
  assertNothingGranted,
});
