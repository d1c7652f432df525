import { assert, assertEquals } from "../asserts.ts";
import { bytesFrom, readStream, type VchanTests, writeStream } from "./setup.ts";

/** Sizes of rings, and how much to send through them: one round of the smallest takes a thousand wake-ups. */
const SIZES = [
  [0, 0, 20_000],
  [2048, 1024, 20_000],
  [2048, 2048, 40_000],
  [4096, 4096, 100_000],
  [65536, 8192, 500_000],
  [2 ** 20, 2 ** 20, 3_000_000],
] as const;

/** Moving bytes. */
export const talking: VchanTests = {
  ...Object.fromEntries(SIZES.map(([readSize, writeSize, length]) => [
    `streams go both ways at once through rings for ${readSize} and ${writeSize} bytes`,
    async ({ pair }) => {
      const { ours, theirs } = await pair({ readSize, writeSize });
      assert(ours.bufferSpace >= writeSize && theirs.bufferSpace >= readSize, "the rings are too small");
      const [, , up, down] = await Promise.all([
        writeStream(ours, length),
        writeStream(theirs, length),
        readStream(ours, length),
        readStream(theirs, length),
      ]);
      assertEquals([up, down], [length, length]);
    },
  ])) satisfies VchanTests,
  async "a byte goes to and fro 1,000 times"({ pair }) {
    const { ours, theirs } = await pair();
    const rounds = 1000;
    const echo = async () => {
      const byte = new Uint8Array(1);
      for (let round = 0; round < rounds; round++) {
        await ours.receive(byte);
        await ours.send(byte);
      }
    };
    const call = async () => {
      const byte = new Uint8Array(1);
      for (let round = 0; round < rounds; round++) {
        await theirs.send(Uint8Array.of(round));
        await theirs.receive(byte);
        assertEquals(byte[0], round & 0xff);
      }
    };
    await Promise.all([echo(), call()]);
  },
  async "packets arrive whole"({ pair }) {
    const { ours, theirs } = await pair({ readSize: 1024, writeSize: 1024 });
    const sizes = Array.from({ length: 100 }, (_, index) => index * 37 % 513);
    const send = async () => {
      for (const size of sizes) await theirs.send(bytesFrom(size, size));
    };
    const receive = async () => {
      for (const size of sizes) {
        const packet = new Uint8Array(size);
        assertEquals(await ours.receive(packet), size);
        assertEquals([...packet], [...bytesFrom(size, size)]);
      }
    };
    await Promise.all([send(), receive()]);
  },
  async "calls that never wait take what is there, and fill what is free"({ pair }) {
    const { ours, theirs } = await pair();
    assertEquals(ours.tryRead(new Uint8Array(10)), 0);
    const room = theirs.bufferSpace;
    assertEquals(theirs.tryWrite(bytesFrom(0, room + 100)), room);
    assertEquals([theirs.tryWrite(Uint8Array.of(1)), theirs.bufferSpace, ours.dataReady], [0, 0, room]);
    assertEquals(await readStream(ours, room), room);
    assertEquals([theirs.bufferSpace, ours.dataReady], [room, 0]);
  },
  async "Web streams carry an echo"({ pair }) {
    const { ours, theirs } = await pair();
    const echo = ours.readable.pipeTo(ours.writable);
    const length = 100_000;
    const [, count] = await Promise.all([writeStream(theirs, length), readStream(theirs, length)]);
    assertEquals(count, length);
    theirs.close();
    await echo;
  },
};
