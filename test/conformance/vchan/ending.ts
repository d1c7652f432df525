import { VchanError } from "../../../src/vchan/mod.ts";
import { assert, assertEquals } from "../asserts.ts";
import { type Ends, readStream, type VchanTests, writeStream } from "./setup.ts";

/** Ends one side in the middle, and checks what the other sees. */
async function endOne(closes: Ends["ours"], stays: Ends["ours"]): Promise<void> {
  await writeStream(closes, 1000);
  const waiting = readStream(stays, 2000);
  const blocked = stays.write(new Uint8Array(2 ** 21)).catch((error: unknown) => error);
  closes.close();
  assertEquals((await closes.closed).reason, "closed");
  assertEquals((await stays.closed).reason, "peer-closed");
  assertEquals(await waiting, 1000);
  assertEquals([await stays.read(new Uint8Array(1)), stays.tryRead(new Uint8Array(1))], [null, null]);
  const error = await blocked;
  assert(error instanceof VchanError && error.code === "peer-closed", `got ${error}`);
}

/** How connections end. */
export const ending: VchanTests = {
  async "a server that closes leaves what it wrote"({ pair }) {
    const { ours, theirs } = await pair();
    await endOne(ours, theirs);
  },
  async "a client that closes leaves what it wrote"({ pair }) {
    const { ours, theirs } = await pair();
    await endOne(theirs, ours);
  },
  async "a connection outlives its server"({ listen, connect, accept }) {
    const server = await listen();
    const [ours, theirs] = await Promise.all([accept(server), connect()]);
    await server.close();
    const [, count] = await Promise.all([writeStream(ours, 100_000), readStream(theirs, 100_000)]);
    assertEquals(count, 100_000);
  },
};
