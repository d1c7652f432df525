/** Moves the bytes of a mapping away on Node. Arguments: the path of the shim, and how to move them. */

import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { type Borrower, moveAndUse } from "./moves.ts";
import { mappedPages, Shim } from "./shim.ts";

const [libc, how] = process.argv.slice(2) as [string, string];
new Shim(libc);

const BORROWER = `
  const { parentPort } = require("node:worker_threads");
  parentPort.once("message", (data) => {
    parentPort.postMessage("started");
    const end = performance.now() + 200;
    while (performance.now() < end) {
      for (let i = 0; i < data.length; i += 64) data[i] = (data[i] + 1) & 1;
    }
    parentPort.postMessage(data, [data.buffer]);
  });
`;

function borrower(): Borrower {
  const worker = new Worker(BORROWER, { eval: true });
  return {
    post: (bytes, transfer) => worker.postMessage(bytes, transfer),
    message: () => new Promise((resolve) => worker.once("message", resolve)),
    end: () => worker.terminate(),
  };
}

console.log(JSON.stringify(await moveAndUse(how, { backend: nodeDomain({ libc }).grants, borrower, mappedPages })));
