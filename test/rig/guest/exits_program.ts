/**
 * Ways to end a program that has event channels. Each must end it at once and with success, whatever waits. They are
 * the same on Deno and on Node.
 */

import process from "node:process";
// Only types: on Node, the library comes from the npm package.
import type { EventChannels, XenDomain } from "../../../mod.ts";

type Library = { readonly EventChannels: new (domain: XenDomain) => EventChannels };

async function caught(promise: Promise<unknown>): Promise<void> {
  await promise.then(() => {
    throw new Error("nothing was to come");
  }, () => {});
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 50));

/** What a program does before it ends. */
export const EXITS: Readonly<Record<string, (events: EventChannels) => unknown>> = {
  "with a channel bound, for which nobody waits": (events) => events.bindUnbound(0),
  "after waiting was aborted, with the channel bound": async (events) => {
    await caught(events.bindUnbound(0).wait({ signal: AbortSignal.timeout(50) }));
  },
  "after a channel was unbound under who waited": async (events) => {
    const channel = events.bindUnbound(0);
    const waiting = caught(channel.wait());
    await turn();
    channel.unbind();
    await waiting;
  },
  "after all was closed under who waited, and others looked for events": async (events) => {
    const waiting = [events.bindUnbound(0), events.bindUnbound(0)].map((channel) => caught(channel.wait()));
    const looking = (async () => {
      for await (const _ of events.bindUnbound(0).events()) throw new Error("nothing was to come");
    })();
    await turn();
    events.close();
    await Promise.all([...waiting, looking]);
  },
  "by exit, while it waits": async (events) => {
    events.bindUnbound(0).wait();
    await turn();
    process.exit(0);
  },
  "after a thousand events, without closing": async (events) => {
    const channel = events.bindUnbound(0);
    const other = events.bindInterdomain(0, channel.port);
    await other.wait();
    for (let event = 0; event < 1000; event++) {
      const came = channel.wait();
      other.notify();
      await came;
    }
  },
};

/** Ends this program in a way. */
export async function end({ EventChannels }: Library, domain: XenDomain, name: string): Promise<void> {
  await EXITS[name]!(new EventChannels(domain));
}
