/**
 * Node's mappers and event channels over the shim: their conformance suites, and how a program ends that waits. The argument is the
 * shim's path.
 */

import { GrantError } from "@gntalloc/gntalloc";
import { eventsConformance, mapperConformance } from "@gntalloc/gntalloc/conformance";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { Shim } from "./shim.ts";
import { outcomeOf } from "./tests.ts";

const libc = process.argv[2]!;
const shim = new Shim(libc);
const backend = nodeDomain({ libc }).events;

/** What a program says, and how it ends. */
const ENDS: Readonly<Record<string, { lines: string[]; code?: number }>> = {
  "nobody waits": { lines: ["waiting"] },
  "an event comes": { lines: ["waiting", "event 8"] },
  "the waiting stops": { lines: ["waiting"] },
  "the waiting stops at once": { lines: ["waiting"] },
  "the file is closed": { lines: ["waiting"] },
  "exit while waiting": { lines: ["waiting"] },
  "exit at once": { lines: [] },
  "an error while waiting": { lines: ["waiting"], code: 1 },
  "a worker waits": { lines: ["waiting", "a worker waits", "event 9,8"] },
  "a worker is terminated while it waits": { lines: ["waiting", "a worker waits", "terminated"] },
  "exit while a worker waits": { lines: ["waiting", "a worker waits"] },
};

const outcome = await outcomeOf((register) => {
  // Whatever a test does: nothing is left open or mapped.
  const test = (name: string, run: () => void | Promise<void>) => {
    register(name, async () => {
      shim.reset();
      await run();
      shim.assertClean();
    });
  };
  const close = () => shim.assertClean();

  mapperConformance({
    test,
    open: () => ({
      granter: nodeDomain({ libc }),
      granterDomid: 0,
      peer: nodeDomain({ libc }),
      peerDomid: 0,
      joinsPages: true,
      setLimit: (pages) => shim.setLimit(pages),
      heldPagesCount: false,
      close,
    }),
  });
  eventsConformance({
    test,
    open: () => ({ domain: { events: backend }, domid: 0, peer: { events: backend }, peerDomid: 0, close }),
  });

  test("a file is waited for by one at a time, and by nobody when it is not open", () => {
    const file = backend.open();
    const stop = file.whenPending(() => assert.fail("nothing came"));
    assert.throws(() => file.whenPending(() => assert.fail("nothing came")), GrantError);
    stop();
    file.close();
    assert.throws(() => file.whenPending(() => assert.fail("it is closed")), GrantError);
  });

  test("a file that is no event channel can be waited for too: it is ready at once", async () => {
    const file = nodeDomain({ libc: "libc.so.6", evtchn: "/dev/null" }).events.open();
    await new Promise<void>((resolve) => void file.whenPending(resolve));
    assert.deepEqual(file.pending(), []);
    file.close();
  });

  for (const [way, { lines, code = 0 }] of Object.entries(ENDS)) {
    test(`a program ends when ${way}`, () => {
      const program = new URL("waiting.ts", import.meta.url).pathname;
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", program, libc, way], {
        encoding: "utf8",
        timeout: 20_000, // what hangs is killed
      });
      assert.deepEqual([status, signal, stdout], [code, null, lines.map((line) => `${line}\n`).join("")], stderr);
    });
  }
});
console.log(JSON.stringify(outcome));
