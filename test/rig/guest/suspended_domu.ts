/** A domU without Deno, which is saved and restored while its program runs. */

import { until } from "./until.ts";
import { xenstore } from "./xenstore.ts";
import * as xl from "./xl.ts";

/** A domU that runs a verb of `../suspend/suspend.c`. */
export type Domu = Awaited<ReturnType<typeof startDomu>>;

let started = 0;

/** Starts a domU. It is destroyed at the end of the block. */
export async function startDomu(verb: string) {
  const name = `${verb}-${++started}`;
  const log = `/var/log/xen/console/guest-${name}.log`;
  let domid = await xl.create(name, { memory: 128, extra: `console=hvc0 loglevel=5 verb=${verb}` });
  const key = (name: string) => `/local/domain/${domid}/data/${name}`;
  /** Sets a key that the program waits for. */
  const tell = async (what: string, value: string | number = "1") => await (await xenstore()).write(key(what), value);
  const readConsole = () => Deno.readTextFile(log).then((text) => text.replaceAll("\r", ""), () => "");
  /** Waits for a line of the console. Returns the lines that the program printed. */
  const said = async (pattern: RegExp) => {
    await until(async () => pattern.test(await readConsole()));
    return [...(await readConsole()).matchAll(/^- (.*)$/gm)].map(([, line]) => line!);
  };
  /** Removes what the kernel complains of, which the host takes for a failure. */
  const discardConsole = () => Deno.remove(log);
  return {
    name,
    get domid() {
      return domid;
    },
    said,
    discardConsole,
    /** Waits for the numbers that the program offers: a reference, a port, and another reference. */
    async offer(when: string) {
      const store = await xenstore();
      const text = await store.waitFor(key(when), (value) => value !== "", { timeout: 60_000 });
      return text.split(" ").map(Number);
    },
    tell,
    /** Tells the program that it was resumed. */
    async resumed(now: number) {
      domid = now;
      await tell("resumed");
    },
    /** Waits for the end of the program. Returns what it said. */
    end: () => said(/^- status/m),
    /** Waits until the kernel crashes. Returns what the program said before. */
    async crash(pattern: RegExp) {
      const lines = await said(pattern);
      await discardConsole();
      // Whether the program's end is told is a race.
      return lines.filter((line) => !line.startsWith("status"));
    },
    async [Symbol.asyncDispose]() {
      if ((await xl.list()).some((domain) => domain.name === name)) await xl.destroy(domid);
    },
  };
}
