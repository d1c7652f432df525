import { denoDomain } from "../../../backends/deno.ts";
import type { StoreBackend, StoreConnection } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Joiner, message, readable } from "../../support/store_messages.ts";
import type { Daemon } from "../differences.ts";
import type { StoreMachine } from "../executor.ts";
import { LocalParticipant, type Participant } from "../participant.ts";
import type { Who } from "../step.ts";
import { RunningDaemon, type Tools } from "./daemon.ts";
import type { Ring } from "./ring.ts";

/** The domid of the other domain. */
const DOMU = 1;

/** What xl makes for a new domain, and gives to it. These nodes count towards its quota. */
const OWNED = [
  ...["device/suspend/event-channel", "control/shutdown", "control/feature-poweroff", "control/feature-reboot"],
  ...["control/feature-suspend", "control/sysrq", "data", "drivers", "feature", "attr", "error"],
] as const;

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
    await machine.#introduce();
    return machine;
  }

  /** Does what xl does for a new domain, as far as sequences can see it. */
  async #introduce(): Promise<void> {
    const { MKDIR, SET_PERMS, INTRODUCE } = StoreMessage;
    const home = `/local/domain/${DOMU}`;
    using connection = new Requests(this.#socket.open());
    await connection.request(MKDIR, `${home}\0`);
    await connection.request(SET_PERMS, `${home}\0n0\0r${DOMU}\0`);
    await connection.request(INTRODUCE, `${DOMU}\0${1}\0${1}\0`);
    for (const name of OWNED) {
      await connection.request(MKDIR, `${home}/${name}\0`);
      await connection.request(SET_PERMS, `${home}/${name}\0n${DOMU}\0`);
    }
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

/** Requests that must succeed, one at a time. Events are dropped. */
class Requests implements Disposable {
  readonly #connection: StoreConnection;
  readonly #joiner = new Joiner();

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  async request(type: number, text: string): Promise<void> {
    this.#connection.send(message(type, text));
    const bytes = new Uint8Array(4096);
    for (;;) {
      const got = this.#connection.receive(bytes);
      if (got === 0) await readable(this.#connection);
      for (const reply of this.#joiner.add(bytes.subarray(0, got))) {
        if (reply.type === type) return;
        if (reply.type === StoreMessage.ERROR) throw new Error(`request ${type} ${text}: ${reply.text}`);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
