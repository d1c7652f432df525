/**
 * Waits for events as the library does, on a FIFO in place of the device, and prints what `wake wait` prints. The
 * same file runs under Deno and under Node.
 *
 * Arguments: the module of the domain and its function, the FIFO, the FIFO for acknowledgments, the file with the
 * time, the number of events, and the milliseconds to wait for nothing.
 *
 * @module
 */

import { openSync, readSync, writeSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
// Only a type: under Node the library comes from the npm package.
import type { EventFile } from "../../src/contract/backend.ts";

const [module, name, fifo, acknowledgments, stamp, count, idle] = parseArgs({ allowPositionals: true }).positionals;
const file: EventFile = (await import(module!))[name!]({ evtchn: fifo }).events.open();
const stampFile = openSync(stamp!, "r");
const acknowledged = openSync(acknowledgments!, "r+");
const now = monotonicClock();
const time = new BigUint64Array(1);
const latencies: number[] = [];

/** The kernel's clock, which C reads, too. Deno's own starts with the program. */
function monotonicClock(): () => bigint {
  if (!("Deno" in globalThis)) return process.hrtime.bigint;
  const { symbols } = Deno.dlopen("libc.so.6", { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } });
  const time = new BigInt64Array(2);
  return () => {
    symbols.clock_gettime(1, new Uint8Array(time.buffer));
    return time[0]! * 1_000_000_000n + time[1]!;
  };
}

function event(): Promise<void> {
  return new Promise((resolve) => void file.whenPending(resolve));
}

let waiting = event();
console.log("ready");
for (let i = 0; i < Number(count); i++) {
  await waiting;
  const woken = now();
  readSync(stampFile, time, 0, 8, 0);
  latencies.push(Number(woken - time[0]!));
  file.pending();
  waiting = event();
  writeSync(acknowledged, new Uint8Array(4));
}
console.log(JSON.stringify(latencies));

const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, Number(idle)));
const { user, system } = process.cpuUsage(before);
console.log(user + system);
process.exit(0);
