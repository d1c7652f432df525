/** The example of a ring of messages as a program, and on the Deno backend with a simulated kernel. */
import { describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { connect, type MessageRing, PeerGoneError, serve } from "../../examples/ring/message_ring.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { run } from "../../scripts/exec.ts";
import { mappedPages, openFiles } from "../support/shim/shim.ts";
import { useShim } from "../support/shim/use_shim.ts";

describe("on the Deno backend", () => {
  const used = useShim();

  /** Makes both sides, in one domain. */
  function pair() {
    const domain = denoDomain({ libc: used.libc });
    const device = new GrantDevice(domain);
    const mapper = new GrantMapper(domain);
    const [serverEvents, clientEvents] = [new EventChannels(domain), new EventChannels(domain)];
    const { ring: server, gref, port } = serve(device.open(), serverEvents, 0);
    const client = connect(mapper, clientEvents, 0, gref, port);
    const finish = () => {
      for (const one of [server, client, mapper, device, serverEvents, clientEvents]) one.close();
    };
    return { server, client, finish };
  }

  test("messages go both ways through the shared page", async () => {
    const pipes = openFiles("pipe:");
    const { server, client, finish } = pair();
    const talk = async (ring: MessageRing, messages: number) => {
      const send = async () => {
        for (let number = 0; number < messages; number++) {
          await ring.send(new Uint8Array(number % 1000).fill(number));
        }
        ring.finish();
      };
      const receive = async () => {
        let number = 0;
        for await (const message of ring) {
          expect(message.length).toBe(number % 1000);
          expect(message.every((byte) => byte === number % 256)).toBe(true);
          number++;
        }
        expect(number).toBe(messages);
      };
      await Promise.all([send(), receive()]);
    };
    await Promise.all([talk(server, 500), talk(client, 500)]);
    finish();
    expect([openFiles(), mappedPages(), openFiles("pipe:")]).toEqual([0, 0, pipes]);
  });

  test("a side that waits learns by the unmap notify that the other side is gone", async () => {
    for (const goes of ["server", "client"] as const) {
      const both = pair();
      const stays = goes === "server" ? both.client : both.server;
      const waiting = stays.receive();
      both[goes].close();
      await expect(waiting).rejects.toThrow(PeerGoneError);
      both.finish();
    }
  });
});

describe("the program", () => {
  const program = async (...args: string[]) => {
    const script = new URL("../../examples/ring.ts", import.meta.url).pathname;
    const command = ["run", "--no-check", "--no-prompt", script, ...args];
    const { code, stdout, stderr } = await run(Deno.execPath(), command, { env: { NO_COLOR: "1" } });
    return { code, out: stdout, error: stderr };
  };

  test("runs both sides on a simulated Xen, without permissions", async () => {
    const { code, out, error } = await program("--messages", "300");
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(/^server: 300 messages received and answered$/m);
    expect(out).toMatch(/^client: 300 messages sent, all answers right, in \d+ ms$/m);
  });

  test("prints its usage when the arguments are wrong", async () => {
    const wrong = [["serve"], ["connect", "x", "ring"], ["serve", "ring", "--to", "x"], ["talk"], ["--messages=-1"]];
    for (const args of wrong) {
      const { code, error } = await program(...args);
      expect(error).toMatch(/^usage: ring.ts/);
      expect(code).toBe(2);
    }
  });
});
