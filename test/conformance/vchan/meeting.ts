import { assert, assertEquals } from "../asserts.ts";
import { VchanError } from "../../../src/vchan/mod.ts";
import type { VchanTests } from "./setup.ts";

/** Finding each other. */
export const meeting: VchanTests = {
  async "a client that comes first waits for its server"({ listen, connect, accept }) {
    const connecting = connect();
    const server = await listen();
    const [ours, theirs] = await Promise.all([accept(server), connecting]);
    await ours.write(Uint8Array.of(7));
    const byte = new Uint8Array(1);
    assertEquals([await theirs.read(byte), byte[0]!], [1, 7]);
  },
  async "a client gives up where there is no server, and after one has closed"({ listen, connect }) {
    const refused = async () => {
      const error: unknown = await connect(100).catch((error) => error);
      assert(error instanceof VchanError && error.code === "timed-out", `got ${error}`);
    };
    await refused();
    await (await listen()).close();
    await refused();
  },
  async "ten clients come one after the other, and none sees what an earlier one has left"(
    { listen, connect, accept },
  ) {
    const server = await listen();
    const serve = async () => {
      for (let number = 0; number < 10; number++) {
        const ours = await accept(server);
        const byte = new Uint8Array(1);
        await ours.receive(byte);
        assertEquals(byte[0], number);
        await ours.write(byte);
        await ours.closed;
        ours.close();
      }
    };
    const ask = async () => {
      for (let number = 0; number < 10; number++) {
        const theirs = await connect();
        const answer = new Uint8Array(1);
        await theirs.write(Uint8Array.of(number, 1, 2, 3));
        await theirs.receive(answer);
        assertEquals(answer[0], number);
        theirs.close();
      }
    };
    await Promise.all([serve(), ask()]);
  },
  async "five clients are connected at once"({ listen, connect, accept }) {
    const server = await listen({ readSize: 4096, writeSize: 4096 });
    const serve = async () => {
      for (let number = 0; number < 5; number++) {
        const ours = await accept(server);
        ours.readable.pipeTo(ours.writable).catch(() => {});
      }
    };
    const clients = Array.from({ length: 5 }, async (_, number) => {
      const theirs = await connect();
      await theirs.write(Uint8Array.of(number));
      const answer = new Uint8Array(1);
      await theirs.receive(answer);
      assertEquals(answer[0], number);
    });
    await Promise.all([serve(), ...clients]);
  },
};
