/** Runs examples/ring.ts, unchanged, between a domU and dom0. */

import { assert, assertEquals } from "../../conformance/asserts.ts";
import { readLines, spawnExample } from "./child.ts";
import type { Domu } from "./domu.ts";
import { note, type Suite } from "./runner.ts";

/** Each message takes several switches between the domains, and a test has four minutes, even on a busy machine. */
const MESSAGES = 500;
const CALL_SECONDS = 170;

/** Starts the server by `example`, which runs an example in some domain. Returns its process id. */
async function serve(example: (args: string[]) => Promise<{ pid: number; said: string }>, client: number) {
  const { pid, said } = await example(["serve", "ring", "--to", String(client)]);
  assert(said.startsWith(`server: waits for domain ${client}, at gref `), `the server says ${said}`);
  return pid;
}

export function declare({ test }: Suite, domu: () => Domu): void {
  const here = (args: string[]) => spawnExample("ring.ts", args);
  const there = (args: string[]) => domu().call("example", { file: "ring.ts", args }, CALL_SECONDS);
  const connect = (server: number) => ["connect", String(server), "ring", "--messages", String(MESSAGES)];

  test("the example ring.ts runs with the server in the domU", async () => {
    const pid = await serve(there, 0);
    const client = await here(connect(domu().domid));
    assertEquals(await readLines(client.pid), []);
    assertClient(client.said);
    assertServer(await domu().call("readLines", { pid }));
  });

  test("the example ring.ts runs with the server in dom0", async () => {
    const pid = await serve(here, domu().domid);
    const client = await there(connect(0));
    assertEquals(await domu().call("readLines", { pid: client.pid }), []);
    assertClient(client.said);
    assertServer(await readLines(pid));
  });
}

function assertClient(said: string): void {
  assert(said.startsWith(`client: ${MESSAGES} messages sent, all answers right`), said);
  note(`ring: ${said}`);
}

function assertServer(lines: string[]): void {
  assertEquals(lines.at(-1), `server: ${MESSAGES} messages received and answered`);
}
