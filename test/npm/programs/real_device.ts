/**
 * Node's device backends on the real devices, in a Xen domain that shares pages with itself. Prints the result of each
 * test as a line of JSON. Arguments: the domid of the domain, and as JSON what else the target of the event channels has.
 */

import { GrantDevice, GrantError } from "@gntalloc/gntalloc";
import {
  eventsConformance,
  type EventsTarget,
  grantsConformance,
  mapsConformance,
} from "@gntalloc/gntalloc/conformance";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import process from "node:process";

const domid = Number(process.argv[2]);
const eventFacts: Pick<EventsTarget, "absentPeers" | "timerBound"> = JSON.parse(process.argv[3]!);

function setLimit(pages: number): void {
  writeFileSync("/sys/module/xen_gntalloc/parameters/limit", String(pages === Infinity ? -1 : pages));
}

/** Throws unless one file can grant the whole limit, which shows that no page of any process is left. */
function assertNothingGranted(): void {
  setLimit(1024);
  const file = nodeDomain().grants.open();
  try {
    file.grant(0, 1024, 0, false, new Uint32Array(1024));
  } finally {
    file.close();
  }
}

const tests: [name: string, run: () => void | Promise<void>][] = [];

function test(name: string, run: () => void | Promise<void>): void {
  tests.push([name, run]);
}

const open = () => ({
  granter: nodeDomain(),
  granterDomid: domid,
  peer: nodeDomain(),
  peerDomid: domid,
  joinsPages: true,
  setLimit,
  heldPagesCount: false,
  close: assertNothingGranted,
});
grantsConformance({ test, open });
mapsConformance({ test, open });
eventsConformance({
  test,
  open: () => ({
    domain: nodeDomain(),
    domid,
    peer: nodeDomain(),
    peerDomid: domid,
    ...eventFacts,
    close() {},
  }),
});

test("a file that is another device is an error with the way out", () => {
  const device = new GrantDevice(nodeDomain({ gntalloc: "/dev/null" }));
  assert.throws(() => device.open().allocate(domid), (error) => {
    return error instanceof GrantError && error.code === "unsupported" && error.message.includes("xen_gntalloc");
  });
  device.close();
});

test("memory that is moved away stays, and shares nothing once its mapping has ended", () => {
  const device = new GrantDevice(nodeDomain());
  const pages = device.open().allocate(domid, { pages: 2, writable: true });
  const kept = pages.map();
  const moving = pages.map();
  moving.bytes[0] = 1;
  const moved = new Uint8Array(moving.bytes.buffer.transfer());
  moved[1] = 2;
  assert.deepEqual([...kept.bytes.subarray(0, 2)], [1, 2]);
  moving.unmap();
  moved.fill(9);
  assert.deepEqual([...kept.bytes.subarray(0, 2)], [1, 2]);
  kept.unmap();
  device.close();
  assertNothingGranted();
});

for (const [name, run] of tests) {
  let error: string | undefined;
  try {
    await run();
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
  }
  console.log(JSON.stringify({ name, error }));
}
