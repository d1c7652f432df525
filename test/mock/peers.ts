/** The programs that the rig (test/rig/) runs in domains, as processes of a simulated Xen. */
import type { MockXen } from "../../backends/mock.ts";
import * as library from "../../mod.ts";
import * as vchan from "../../src/vchan/mod.ts";
import { PeerProgram } from "../rig/guest/peer_program.ts";
import type { Peer } from "../rig/guest/peers.ts";

const WAIT_MILLISECONDS = 5;

/** Starts a peer in a domain. */
export function startPeer(xen: MockXen, domid: number): Peer {
  const process = xen.domain(domid).process();
  const program = new PeerProgram({
    library,
    vchan: { library: vchan },
    domain: process,
    now: () => BigInt(Math.round(performance.now() * 1e6)),
    processorTime: () => 0n,
  });
  return {
    make: "Deno",
    domid,
    async ask(...words) {
      // A simulated event arrives at once, or never.
      if (words[0] === "wait") words[1] = WAIT_MILLISECONDS;
      const [verdict, ...rest] = (await program.answer(words.join(" "))).split(" ");
      if (verdict !== "ok") throw new Error(`${words.join(" ")}: ${rest.join(" ")}`);
      return rest.map(Number);
    },
    end: () => Promise.resolve(program.close()),
    kill: () => Promise.resolve(process.kill()),
  };
}
