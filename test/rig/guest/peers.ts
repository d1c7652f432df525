/**
 * Programs that do with pages and event channels what they are asked: one in C, on Xen's own libraries, and one on this
 * library. They take the same requests, so that every scenario runs with any of them at either end.
 */

import { EXAMPLE_NODE, linesOf, NODE_PROJECT, RUN } from "./child.ts";
import type { Domu } from "./domu.ts";

/** What a peer is made of: ../peer/*.c, or peer_program.ts under Deno, or under Node with the npm package. */
export type Make = "C" | "Deno" | "Node";

/** One such program. */
export interface Peer {
  readonly make: Make;
  /** The domain it runs in. */
  readonly domid: number;
  /**
   * Has it do something: a verb and its words, one request at a time.
   *
   * @returns The numbers that it answers.
   * @throws {Error} With its own message, when it refuses.
   */
  ask(...words: (string | number)[]): Promise<number[]>;
  /** Closes its input: it closes everything and has to end by itself, with success. */
  end(): Promise<void>;
  /** `kill -9`: returns when it is gone. */
  kill(): Promise<void>;
}

const PROGRAMS: Record<Make, { command: string; args: string[]; cwd?: string }> = {
  C: { command: "c-peer", args: [] },
  Deno: { command: Deno.execPath(), args: [...RUN, `${import.meta.dirname}/peer_deno.ts`] },
  Node: { command: `node${EXAMPLE_NODE}`, args: ["peer_node.ts"], cwd: NODE_PROJECT },
};

/** How long a program that is to end by itself may take. */
const END_LIMIT_SECONDS = 20;

/** Starts a peer in this domain. */
export function startPeer(make: Make, domid: number): Peer {
  const { command, args, cwd } = PROGRAMS[make];
  const process = new Deno.Command(command, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const requests = process.stdin.getWriter();
  const answers = linesOf(process.stdout);
  return {
    make,
    domid,
    async ask(...words) {
      const request = words.join(" ");
      await requests.write(new TextEncoder().encode(`${request}\n`));
      const { value, done } = await answers.next();
      if (done) throw new Error(`the ${make} peer ended when it was asked: ${request}`);
      const [verdict, ...rest] = value.split(" ");
      if (verdict !== "ok") throw new Error(`the ${make} peer was asked: ${request}, and answers: ${value}`);
      return rest.map(Number);
    },
    async end() {
      await requests.close();
      const limit = setTimeout(() => process.kill("SIGKILL"), END_LIMIT_SECONDS * 1000);
      const { success, code, signal } = await process.status;
      clearTimeout(limit);
      if (!success) throw new Error(`the ${make} peer ended with ${signal ?? code}`);
    },
    async kill() {
      process.kill("SIGKILL");
      await process.status;
      await requests.abort().catch(() => {});
    },
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

/** What a domU does for {@linkcode startPeerIn}. */
export function peerHandlers() {
  const peers: Peer[] = [];
  return {
    peerStart: ({ make, domid }: { make: Make; domid: number }) => peers.push(startPeer(make, domid)) - 1,
    peerAsk: ({ peer, words }: { peer: number; words: (string | number)[] }) => peers[peer]!.ask(...words),
    peerEnd: ({ peer }: { peer: number }) => peers[peer]!.end(),
    peerKill: ({ peer }: { peer: number }) => peers[peer]!.kill(),
  };
}
