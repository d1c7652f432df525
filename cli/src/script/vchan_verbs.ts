import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
import { bytesText } from "../counts.ts";
import { quoted } from "../printable.ts";
import { readContent, readDomid } from "../values.ts";
import { PATIENCE } from "./patience.ts";
import type { Verb } from "./verb.ts";

/** Channels of bytes. */
export const VCHAN_VERBS: Readonly<Record<string, Verb>> = {
  "vchan-listen": {
    usage: "NAME CLIENT PATH",
    help: "serves a vchan for a domain; the first `vchan-send` or `vchan-receive` waits for the client",
    async run({ side, args: [name, client, path], signal, say }) {
      side.checkFree(name!);
      const server = await VchanServer.listen(side.domain, readDomid(client!), { path: path! });
      let accepted: Promise<Vchan> | undefined;
      const connection = () => accepted ??= server.accept({ timeout: PATIENCE, signal });
      const release = async () => {
        await accepted?.then((one) => one.close(), () => {});
        await server.close();
      };
      side.keep(name!, { kind: "vchan", connection, release });
      await say(`listens for domain ${client} at ${server.path} as ${name}`);
    },
  },
  "vchan-connect": {
    usage: "NAME SERVER PATH",
    help: "connects to a vchan of a domain",
    async run({ side, args: [name, server, path], signal, say }) {
      side.checkFree(name!);
      const connection = await Vchan.connect(side.domain, readDomid(server!), {
        path: path!,
        timeout: PATIENCE,
        signal,
      });
      const connected = Promise.resolve(connection);
      side.keep(name!, { kind: "vchan", connection: () => connected, release: () => connection.close() });
      await say(`connects to domain ${server} at ${connection.path} as ${name}`);
    },
  },
  "vchan-send": {
    usage: "NAME TEXT",
    help: "sends text, or with @FILE a file",
    async run({ side, args: [name, text], signal, say }) {
      const bytes = readContent(text!);
      await (await side.get(name!, "vchan").connection()).write(bytes, { signal });
      await say(`sends ${bytesText(bytes.length)} on ${name}`);
    },
  },
  "vchan-receive": {
    usage: "NAME",
    help: "waits for bytes, and shows them",
    async run({ side, args: [name], signal, say }) {
      const bytes = new Uint8Array(65536);
      const length = await (await side.get(name!, "vchan").connection()).read(bytes, { signal });
      const text = length === null ? "the end" : quoted(new TextDecoder().decode(bytes.subarray(0, length)));
      await say(`receives ${text} on ${name}`);
    },
  },
  "vchan-close": {
    usage: "NAME",
    help: "closes a vchan",
    async run({ side, args: [name], say }) {
      await side.release(name!, "vchan");
      await say(`closes ${name}`);
    },
  },
};
