/**
 * Programs that use pages and event channels on request: one in C on Xen's libraries, and one on this library. They
 * take the same requests, so that every scenario runs with any of them at either end.
 */

import { EXAMPLE_NODE, NODE_PROJECT, RUN } from "./child.ts";
import type { Domu } from "./domu.ts";
import { startProgram } from "./programs.ts";

/** The kinds of peers: ../peer/*.c, peer_program.ts on Deno, and peer_program.ts on Node with the npm package. */
export type Make = "C" | "Deno" | "Node";

/** A running peer. */
export interface Peer {
  readonly make: Make;
  /** The domid of the domain that it runs in. */
  readonly domid: number;
  /**
   * Makes a request: a verb and its arguments. One request at a time.
   *
   * @returns The numbers of the answer.
   * @throws {Error} if the program refuses, with its message.
   */
  ask(...words: (string | number)[]): Promise<number[]>;
  /** Closes its standard input. It must then close everything, and end by itself with success. */
  end(): Promise<void>;
  /** Kills it with SIGKILL. Returns when it is gone. */
  kill(): Promise<void>;
}

const PROGRAMS: Record<Make, { command: string; args: string[]; cwd?: string }> = {
  C: { command: "c-peer", args: [] },
  Deno: { command: Deno.execPath(), args: [...RUN, `${import.meta.dirname}/peer_deno.ts`] },
  Node: { command: `node${EXAMPLE_NODE}`, args: ["peer_node.ts"], cwd: NODE_PROJECT },
};

/** Starts a peer in this domain. */
export function startPeer(make: Make, domid: number): Peer {
  const program = startProgram({ name: `the ${make} peer`, ...PROGRAMS[make] });
  return {
    make,
    domid,
    async ask(...words) {
      const request = words.join(" ");
      const answer = await program.ask(request);
      const [verdict, ...rest] = answer.split(" ");
      if (verdict !== "ok") throw new Error(`the ${make} peer was asked: ${request}, and answers: ${answer}`);
      return rest.map(Number);
    },
    end: () => program.end(),
    kill: () => program.kill(),
  };
}

/** Starts a peer in a domU. */
export async function startPeerIn(domu: Domu, make: Make): Promise<Peer> {
  const peer: number = await domu.call("peerStart", { make, domid: domu.domid });
  return {
    make,
    domid: domu.domid,
    ask: (...words) => domu.call("peerAsk", { peer, words }, 170),
    end: () => domu.call("peerEnd", { peer }),
    kill: () => domu.call("peerKill", { peer }),
  };
}

/** The commands of a domU for {@linkcode startPeerIn}. */
export function peerHandlers() {
  const peers: Peer[] = [];
  return {
    peerStart: ({ make, domid }: { make: Make; domid: number }) => peers.push(startPeer(make, domid)) - 1,
    peerAsk: ({ peer, words }: { peer: number; words: (string | number)[] }) => peers[peer]!.ask(...words),
    peerEnd: ({ peer }: { peer: number }) => peers[peer]!.end(),
    peerKill: ({ peer }: { peer: number }) => peers[peer]!.kill(),
  };
}
