/**
 * Runs in dom0, beside a domU: compares the answers to sequences of requests to XenStore with those of the simulated
 * one. The requests go to the daemon's socket and the device of dom0, and to the device of the domU.
 */

import { denoDomain } from "../../../backends/deno.ts";
import { MockXen } from "../../../backends/mock.ts";
import type { Batch } from "../../differential/batch.ts";
import { HEADER_SIZE, StoreMessage } from "../../../src/contract/store_wire.ts";
import { assertEquals } from "../../conformance/asserts.ts";
import { message } from "../../support/store_messages.ts";
import { compareBatch, compareSequence } from "../../store_differential/batch.ts";
import { type Daemon, Differences } from "../../store_differential/differences.ts";
import type { StoreMachine } from "../../store_differential/executor.ts";
import { LocalParticipant } from "../../store_differential/participant.ts";
import { simulatedMachine } from "../../store_differential/simulated_machine.ts";
import { SPECIAL } from "../../store_differential/special.ts";
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

/** @param daemon The daemon that the rig runs. */
export function declare({ test }: Suite, asked: Batch, daemon: Daemon): void {
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
  const pair = () => ({ real: machineOf(domu), simulated: simulated(daemon), differences });
  const differences = new Differences(daemon, "Xen");
  for (const { name, steps, needsQuiet, daemon: only = daemon } of SPECIAL) {
    if (only === daemon && !needsQuiet) test(`store: ${name}`, () => compareSequence("this sequence", steps, pair()));
  }
  for (let number = 0; number < asked.traces; number++) {
    test(`store: sequence ${number + 1}`, async () => {
      const seed = asked.seed + number;
      const started = performance.now();
      await compareBatch({ seed, sequences: 1, steps: asked.steps }, pair());
      note(`seed ${seed}: ${asked.steps} answers compared in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    });
  }
  test("store: every allowed difference was met", () => {
    assertEquals(differences.unmet().map(({ step }) => step), []);
  });
}

/** Makes the machine that is judged. */
function simulated(daemon: Daemon): StoreMachine {
  const xen = new MockXen({ store: { daemon } });
  const { storeSocket: socket, store: device } = xen.domain(0);
  return simulatedMachine({ socket, device, domu: xen.domain(1).store }, 1);
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
  const daemon = Deno.env.get("rig") === "oxenstore" ? "oxenstored" : "xenstored";
  await run((suite) => declare(suite, asked, daemon));
}
