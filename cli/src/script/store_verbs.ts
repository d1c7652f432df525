import { readContent, readDomid, readDuration } from "../values.ts";
import { quoted } from "../printable.ts";
import { MAX_MESSAGE, readAccess } from "../store_access.ts";
import type { Verb } from "./verb.ts";

/** XenStore. */
export const STORE_VERBS: Readonly<Record<string, Verb>> = {
  "store-read": {
    usage: "PATH",
    help: "shows the value of a node",
    async run({ side, args: [path], signal, say }) {
      await say(`${path} = ${quoted(await (await side.store).readText(path!, { signal }))}`);
    },
  },
  "store-write": {
    usage: "PATH TEXT",
    help: "writes a node, which is made if it is not there",
    async run({ side, args: [path, text], signal, say }) {
      await (await side.store).write(path!, readContent(text!, MAX_MESSAGE), { signal });
      await say(`writes ${path}`);
    },
  },
  "store-remove": {
    usage: "PATH",
    help: "removes a node and all that is below",
    async run({ side, args: [path], signal, say }) {
      await (await side.store).remove(path!, { signal });
      await say(`removes ${path}`);
    },
  },
  "store-allow": {
    usage: "PATH DOMID ACCESS",
    help: "lets a domain `read` or `write` a node, do `both`, or `none`; this domain stays its owner",
    async run({ side, args: [path, domid, access], signal, say }) {
      const store = await side.store;
      const owner = { domid: await store.ownDomid({ signal }), access: "none" } as const;
      await store.setPermissions(path!, [owner, { domid: readDomid(domid!), access: readAccess(access!) }], { signal });
      await say(`lets domain ${domid} ${access} ${path}`);
    },
  },
  "store-wait": {
    usage: "PATH [TIME]",
    help: "waits until a node is there, for ten seconds unless TIME says otherwise, and shows its value",
    async run({ side, args: [path, time = "10s"], signal, say }) {
      const text = await (await side.store).waitFor(path!, undefined, { timeout: readDuration(time), signal });
      await say(`${path} = ${quoted(text)}`);
    },
  },
};
