/**
 * Reads or writes a small value of XenStore with this library, as often as each line of the input says: `read 1000`.
 * Answers with the nanoseconds that one of them took. Runs in Deno and, from the npm package, in Node.
 *
 * Arguments: the module of the domain and its function, the module of the client, the daemon's socket or the device, the requests in
 * flight, and the watches to have.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
// Only a type: under Node the library comes from the npm package.
import type { XenStore as Store } from "../../src/xenstore/mod.ts";

const PATH = "/bench/value";
const VALUE = "a value of 20 bytes.";

const [module, name, client, xenstored, inFlight, watches] = process.argv.slice(2);
const { XenStore } = await import(client!);
// The device is where the library looks by itself.
const options = xenstored === "/dev/xen/xenbus" ? {} : { xenstored };
const store: Store = await XenStore.open((await import(module!))[name!](options));
await store.write(PATH, VALUE);
for (let number = 0; number < Number(watches); number++) {
  const watch = store.watch(`/bench/idle/${number}`);
  // The event of the registration. From then on somebody waits for the next one.
  await watch.next();
  watch.next();
}
const ACTIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  read: () => store.read(PATH),
  write: () => store.write(PATH, VALUE),
};

async function time(action: () => Promise<unknown>, times: number): Promise<number> {
  let left = times;
  const start = performance.now();
  const lane = async () => {
    while (left-- > 0) await action();
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, lane));
  return Math.round((performance.now() - start) * 1e6 / times);
}

/** The microseconds of the processor that waiting takes. */
async function idle(milliseconds: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [what, times] = line.split(" ");
  console.log(what === "idle" ? await idle(Number(times)) : await time(ACTIONS[what!]!, Number(times)));
}
process.exit(0);
