/**
 * Node's mappers and event channels over the shim: the conformance suites, and how a program ends while it waits.
 * Argument: the path of the shim.
 */

import { GrantError } from "@gntalloc/gntalloc";
import { eventsConformance, mapsConformance } from "@gntalloc/gntalloc/conformance";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { Shim } from "./shim.ts";
import { outcomeOf } from "./tests.ts";

const libc = process.argv[2]!;
const shim = new Shim(libc);
const backend = nodeDomain({ libc }).events;

/** What `waiting.ts` prints, and its exit code, for each way to end. */
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
  // No test may leave anything open or mapped.
  const test = (name: string, run: () => void | Promise<void>) => {
    register(name, async () => {
      shim.reset();
      await run();
      shim.assertClean();
    });
  };
  const close = () => shim.assertClean();

  mapsConformance({
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

  test("whenPending() throws while another call waits, and on a closed file", () => {
    const file = backend.open();
    const stop = file.whenPending(() => assert.fail("nothing came"));
    assert.throws(() => file.whenPending(() => assert.fail("nothing came")), GrantError);
    stop();
    file.close();
    assert.throws(() => file.whenPending(() => assert.fail("it is closed")), GrantError);
  });

  test("whenPending() calls back at once on a file that is not an event channel", async () => {
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
        timeout: 20_000, // kills a program that hangs
      });
      assert.deepEqual([status, signal, stdout], [code, null, lines.map((line) => `${line}\n`).join("")], stderr);
    });
  }
});
console.log(JSON.stringify(outcome));
