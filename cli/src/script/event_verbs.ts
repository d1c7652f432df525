import { setTimeout as pause } from "node:timers/promises";
import { UsageError } from "../exit.ts";
import { readDomid, readDuration, readNumber } from "../values.ts";
import type { Verb } from "./verb.ts";

/** Event channels. */
export const EVENT_VERBS: Readonly<Record<string, Verb>> = {
  bind: {
    usage: "NAME DOMID",
    help: "makes a port to which a domain may bind",
    async run({ side, args: [name, domid], say }) {
      side.checkFree(name!);
      const channel = side.channels.bindUnbound(readDomid(domid!));
      side.keep(name!, { kind: "channel", channel, release: () => channel.unbind() });
      await say(`binds port ${channel.port} for domain ${domid} as ${name}`);
    },
  },
  join: {
    usage: "NAME DOMID PORT",
    help: "binds to a port of a domain; on the mock, PORT may be the name that its script gave it",
    async run({ side, args: [name, from, port], sideOf, say }) {
      side.checkFree(name!);
      const domid = readDomid(from!);
      const remote = /^\d/.test(port!)
        ? readNumber(port!, "the port")
        : (await sideOf(domid)).get(port!, "channel").channel.port;
      const channel = side.channels.bindInterdomain(domid, remote);
      side.keep(name!, { kind: "channel", channel, release: () => channel.unbind() });
      await say(`binds port ${channel.port} to port ${remote} of domain ${domid} as ${name}`);
    },
  },
  notify: {
    usage: "NAME",
    help: "sends an event",
    async run({ side, args: [name], say }) {
      side.get(name!, "channel").channel.notify();
      await say(`notifies ${name}`);
    },
  },
  wait: {
    usage: "NAME [TIME]",
    help: "waits for an event, for ten seconds unless TIME says otherwise",
    async run({ side, args: [name, time = "10s"], signal, say }) {
      await side.get(name!, "channel").channel.wait({ timeout: readDuration(time), signal });
      await say(`got an event on ${name}`);
    },
  },
  unbind: {
    usage: "NAME",
    help: "ends a channel",
    async run({ side, args: [name], say }) {
      await side.release(name!, "channel");
      await say(`unbinds ${name}`);
    },
  },
  sleep: {
    usage: "TIME",
    help: "does nothing for a time such as 500ms",
    run: ({ args: [time], signal }) => pause(readDuration(time!), undefined, { signal }),
  },
  kill: {
    usage: "",
    help: "kills the program of this domain, as `kill -9` does; on the mock only",
    async run({ side, say }) {
      side.kill();
      await say("is killed");
    },
  },
  destroy: {
    usage: "",
    help: "destroys the domain, as `xl destroy` does; on the mock only",
    async run({ side, world: { xen }, say }) {
      if (xen === undefined) throw new UsageError("Cannot destroy a real domain: use `xl destroy` in dom0.");
      xen.domain(side.domid).destroy();
      side.forget();
      await say("is destroyed");
    },
  },
};
