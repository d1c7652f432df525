/**
 * Runs in dom0, beside a domU: sequences of requests to XenStore, by the daemon's socket and the device of dom0, and by
 * the device of the domU.
 */

import { denoDomain } from "../../../backends/deno.ts";
import type { Batch } from "../../differential/batch.ts";
import { HEADER_SIZE, StoreMessage } from "../../../src/contract/store_wire.ts";
import { assertEquals } from "../../conformance/asserts.ts";
import { message } from "../../support/store_messages.ts";
import { Executor, type StoreMachine } from "../../store_differential/executor.ts";
import { generate } from "../../store_differential/generate.ts";
import { LocalParticipant } from "../../store_differential/participant.ts";
import { printSteps } from "../../store_differential/step.ts";
import { askedFor } from "./differential.ts";
import { type Domu, startDomu } from "./domu.ts";
import { note, run, type Suite } from "./runner.ts";
import { RemoteParticipant } from "./store_participant.ts";

/** The daemon's socket. */
const SOCKET = "/run/xenstored/socket";

/** Reads through one open file before it writes the request through the same. */
const READ_BEFORE_WRITE = `
exec 3<>"$1"
dd bs=17 count=1 iflag=fullblock <&3 2>/dev/null &
sleep 1
dd bs=4096 if=/tmp/request >&3 2>/dev/null
wait
`;

export function declare({ test }: Suite, asked: Batch): void {
  let domu: Domu;
  test("store: a domU boots", async () => {
    domu = await startDomu("store");
  });
  for (const device of ["/dev/xen/xenbus", "/proc/xen/xenbus"]) {
    test(`store: a read of ${device} that waits blocks no write`, async () => {
      await Deno.writeFile("/tmp/request", message(StoreMessage.READ, "domid\0"));
      const reply = await new Deno.Command("timeout", { args: ["10", "sh", "-c", READ_BEFORE_WRITE, "sh", device] })
        .output();
      assertEquals(new TextDecoder().decode(reply.stdout.slice(HEADER_SIZE)), "0");
    });
  }
  for (let number = 0; number < asked.traces; number++) {
    const seed = asked.seed + number;
    test(`store: sequence ${number + 1}`, async () => {
      const started = performance.now();
      const sequence = generate(seed, asked.steps);
      const answers = await new Executor(machineOf(domu)).play(sequence);
      for (const line of printSteps(sequence, answers).split("\n")) note(`seed ${seed}: ${line}`);
      const silent = answers.find((answer) => answer.startsWith("no reply"));
      if (silent !== undefined) throw new Error(silent);
      return `${asked.steps} answers in ${((performance.now() - started) / 1000).toFixed(1)} s`;
    });
  }
}

function machineOf(domu: Domu): StoreMachine {
  return {
    domu: domu.domid,
    who: ["socket", "device", "domu"],
    open(who) {
      if (who === "domu") return Promise.resolve(new RemoteParticipant(domu));
      const { store } = denoDomain(who === "device" ? {} : { xenstored: SOCKET });
      return Promise.resolve(new LocalParticipant(store.open(), domu.domid));
    },
  };
}

if (import.meta.main) {
  const asked = askedFor();
  await run((suite) => declare(suite, asked));
}
