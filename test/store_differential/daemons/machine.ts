import { denoDomain } from "../../../backends/deno.ts";
import type { StoreBackend } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import type { Daemon } from "../differences.ts";
import type { StoreMachine } from "../executor.ts";
import { LocalParticipant, type Participant } from "../participant.ts";
import type { Who } from "../step.ts";
import { RunningDaemon, type Tools } from "./daemon.ts";
import { introduce } from "./introduce.ts";
import { Requests } from "./requests.ts";
import type { Ring } from "./ring.ts";

/** The domid of the other domain. */
const DOMU = 1;

/**
 * A daemon on this machine, without Xen. Domain 0 has no device: its place is taken by another connection to the socket.
 * The other domain has no kernel: its requests go to the daemon as they are.
 */
export class PlainMachine implements StoreMachine {
  readonly domu: number = DOMU;
  readonly who: readonly Who[] = ["socket", "device", "domu"];
  readonly #daemon: RunningDaemon;
  readonly #socket: StoreBackend;
  readonly #ring: Ring;

  private constructor(daemon: RunningDaemon, socket: StoreBackend, ring: Ring) {
    this.#daemon = daemon;
    this.#socket = socket;
    this.#ring = ring;
  }

  static async start(daemon: Daemon, tools: Tools): Promise<PlainMachine> {
    const running = await RunningDaemon.start(daemon, tools);
    const { store } = denoDomain({ xenstored: running.socket });
    const machine = new PlainMachine(running, store, await running.makeDomain(DOMU));
    await introduce(store, DOMU);
    return machine;
  }

  async open(who: Who | "control"): Promise<Participant> {
    const connection = who === "domu" ? this.#ring.open() : this.#socket.open();
    // The watches and transactions of the sequence before.
    if (who === "domu") await new Requests(connection).request(StoreMessage.RESET_WATCHES, "\0");
    return new LocalParticipant(connection, this.domu);
  }

  /** The path of the daemon's socket. */
  get socket(): string {
    return this.#daemon.socket;
  }

  stop(): Promise<void> {
    return this.#daemon.stop();
  }
}
