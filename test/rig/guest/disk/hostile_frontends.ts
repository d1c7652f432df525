/** Frontends that lie, in a domU, to our backend or to Linux's: as commands of the domU. */

import { denoDomain } from "../../../../backends/deno.ts";
import { XenbusState } from "../../../../src/pv/mod.ts";
import { badRequests } from "../../../examples/block/bad_requests.ts";
import { HandFrontend, request } from "../../../examples/block/hand_frontend.ts";

const { Closing } = XenbusState;
const SLOTS = 32;

/** The word of the ring's page that says how many requests there are. */
const REQUESTS = 0;

interface Where {
  readonly disk: string;
  readonly persistent: 0 | 1;
}

const connect = ({ disk, persistent }: Where) =>
  HandFrontend.connect(denoDomain(), { "feature-persistent": persistent }, disk);

export function hostileHandlers() {
  return {
    /** Makes requests that make no sense. Returns those that are not answered as expected, and then a good one. */
    async hostileRequests({ sectors, ...where }: Where & { sectors: number }) {
      const frontend = await connect(where);
      const good = frontend.allocator.share(0, { writable: true });
      const readOnly = frontend.allocator.share(0);
      good.bytes.fill(0xaa);
      const [gref] = good.grefs as [number];
      const unexpected: [what: string, status: number][] = [];
      for (const { what, bytes, status } of badRequests({ sectors, gref, readOnlyGref: readOnly.grefs[0]! })) {
        const found = await frontend.ask(bytes);
        if (found !== status) unexpected.push([what, found]);
      }
      const last = await frontend.ask(request(0, { segments: [{ gref, first: 0, last: 7 }] }));
      unexpected.push(["a good read", last]);
      readOnly.release();
      await frontend.device.end();
      good.release();
      frontend.close();
      return unexpected;
    },
    /** Claims requests that there are not, and ends. Returns whether the backend has ended the connection itself. */
    async hostileIndices({ claimed, ...where }: Where & { claimed: number }) {
      const frontend = await connect(where);
      frontend.setWord(REQUESTS, claimed);
      frontend.channel.notify();
      const isLeft = await frontend.device.waitForBackend(Closing, { timeout: 1500 }).then(() => true, () => false);
      await frontend.end();
      return isLeft;
    },
    /** Sends many events beside good requests. Returns the worst status. */
    async hostileEvents({ events, ...where }: Where & { events: number }) {
      const frontend = await connect(where);
      const page = frontend.allocator.share(0, { writable: true });
      const read = request(0, { segments: [{ gref: page.grefs[0]!, first: 0, last: 7 }] });
      let worst = 0;
      for (let round = 0; round < 3; round++) {
        for (let count = 0; count < events; count++) frontend.channel.notify();
        worst = Math.min(worst, await frontend.ask(read));
      }
      await frontend.device.end();
      page.release();
      frontend.close();
      return worst;
    },
    /** Names one page in all requests of a full ring, with one id. Returns the worst status. */
    async hostileTwice(where: Where) {
      const frontend = await connect(where);
      const page = frontend.allocator.share(0, { writable: true });
      const read = request(0, { segments: [{ gref: page.grefs[0]!, first: 0, last: 7 }] });
      for (let count = 1; count < SLOTS; count++) frontend.ring.put(read);
      let worst = await frontend.ask(read);
      const response = new Uint8Array(12);
      for (let answered = 1; answered < SLOTS;) {
        if (frontend.ring.take(response)) {
          answered++;
          worst = Math.min(worst, new DataView(response.buffer).getInt16(10, true));
        } else if (!frontend.ring.ask()) await frontend.channel.wait();
      }
      await frontend.device.end();
      page.release();
      frontend.close();
      return worst;
    },
    /** Publishes nodes that are wrong. Returns with which code it is refused. */
    async hostileNodes({ disk, nodes }: { disk: string; nodes: Record<string, string | number> }) {
      const frontend = await HandFrontend.begin(denoDomain(), nodes, disk);
      const refused = await frontend.device.waitForBackend(XenbusState.Connected, { timeout: 5000 })
        .then(() => "connected", (error) => error.code as string);
      await frontend.end();
      return refused;
    },
  };
}
