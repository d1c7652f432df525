/** Runs in a domU: a program that shares and maps pages as the tests in dom0 ask it to. */

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
import { kill, readLines, spawn, spawnExample, spawnNodeExample } from "./child.ts";
import { assertNothingGranted } from "./limit.ts";
import { peerHandlers } from "./peers.ts";

const device = new GrantDevice(denoDomain());
const allocator = device.open();
const mapper = new GrantMapper(denoDomain());
const shared: SharedPages[] = [];
const mappings: Mapping[] = [];

await serve({
  /** Shares pages with a domain: their handle and references. */
  share({ peer, pages, writable }: { peer: number; pages: number; writable: boolean }) {
    const allocated = allocator.allocate(peer, { pages, writable });
    return { handle: shared.push(allocated) - 1, grefs: allocated.grefs };
  },
  /** Frees shared pages, or a part of them. */
  free({ handle, range }: { handle: number; range?: { start: number; count: number } }) {
    shared[handle]!.free(range);
  },
  /** Has a byte of shared pages cleared when access to them ends. */
  notify({ handle, page, clearByte }: { handle: number; page: number; clearByte: number }) {
    shared[handle]!.setUnmapNotify({ clearByte }, page);
  },
  /** Maps shared pages: the mapping's handle. */
  mapOwn({ handle }: { handle: number }) {
    return mappings.push(shared[handle]!.map()) - 1;
  },
  /** Maps pages of a domain: the mapping's handle, or the code of the refusal. */
  mapPeer({ domid, grefs, writable }: { domid: number; grefs: number[]; writable: boolean }) {
    try {
      return mappings.push(mapper.map(domid, grefs, { writable })) - 1;
    } catch (error) {
      if (error instanceof GrantError) return error.code;
      throw error;
    }
  },
  /** Copies bytes out of a mapping. */
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
  /** Closes the program's only allocator, and finds that nothing of this domain is granted any more. */
  finish() {
    allocator.close();
    assertNothingGranted();
    return device.inspect();
  },
  /** Starts a script of this folder in a process of its own: its pid, and the JSON line it says first. */
  spawn: ({ script, args }: { script: string; args?: string[] }) => spawn(`${import.meta.dirname}/${script}`, args),
  /** Kills such a process as `kill -9` does. */
  kill: ({ pid }: { pid: number }) => kill(pid),
  /** Starts one of examples/: its pid, and the line it says first. */
  example: ({ file = "share.ts", args }: { file?: string; args: string[] }) => spawnExample(file, args),
  /** Starts the twin of examples/share.ts by Node. */
  nodeExample: ({ args }: { args: string[] }) => spawnNodeExample(args),
  /** The lines that such a process goes on to say until it ends by itself. */
  readLines: ({ pid }: { pid: number }) => readLines(pid),
  ...peerHandlers(),
});
