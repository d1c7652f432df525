/**
 * For a page whose Content-Security-Policy forbids compiling WebAssembly: checks the error, then runs the suites on a
 * core that a worker compiled, as a worker has a policy of its own.
 */

import { GrantDevice } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { testMock } from "./mock.ts";
import type { Outcome } from "./tests.ts";

function assertRefused(): void {
  let message = "nothing was thrown";
  try {
    new GrantDevice(new MockXen().domain(1));
  } catch (error) {
    message = String(error);
  }
  if (!message.includes("Pass a compiled core.wasm as the option `core`")) throw new Error(message);
}

async function finish(): Promise<Outcome> {
  assertRefused();
  const worker = new Worker("/page_worker.js", { type: "module" });
  const core = await new Promise<WebAssembly.Module>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onmessageerror = () => reject(new Error("the compiled core could not be received"));
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  const { passed, failed } = await testMock(core);
  return { passed: passed + 1, failed };
}

Object.assign(globalThis, { finished: finish() });
