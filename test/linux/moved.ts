/**
 * A program for tests of views under Deno: moves the bytes of a mapping away, and prints what became of them as JSON.
 *
 * Arguments: the path of the shim, and how to move the bytes.
 *
 * @module
 */

import { denoDomain } from "../../backends/deno.ts";
import { type Borrower, moveAndUse } from "../npm/programs/moves.ts";
import { mappedPages, Shim } from "../support/shim/shim.ts";

const [libc, how] = Deno.args as [string, string];
new Shim(libc);

function borrower(): Borrower {
  const worker = new Worker(new URL("moved_worker.ts", import.meta.url), { type: "module" });
  return {
    post: (bytes, transfer) => worker.postMessage(bytes, transfer),
    message: () => new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data)),
    end: () => worker.terminate(),
  };
}

console.log(JSON.stringify(await moveAndUse(how, { backend: denoDomain({ libc }).grants, borrower, mappedPages })));
