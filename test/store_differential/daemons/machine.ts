import { denoDomain } from "../../../backends/deno.ts";
import type { StoreBackend } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import type { Daemon } from "../differences.ts";
import { removalOf } from "../../../backends/mock/store/toolstack.ts";
import type { StoreMachine } from "../executor.ts";
import { LocalParticipant, type Participant } from "../participant.ts";
import { THIRD } from "../places.ts";
import type { Life, Who } from "../step.ts";
import { RunningDaemon, type Tools } from "./daemon.ts";
import { introduce, vmOf } from "./introduce.ts";
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
  readonly #rings = new Map<number, Ring>();

  private constructor(daemon: RunningDaemon, socket: StoreBackend) {
    this.#daemon = daemon;
    this.#socket = socket;
  }

  static async start(daemon: Daemon, tools: Tools): Promise<PlainMachine> {
    const running = await RunningDaemon.start(daemon, tools);
    const { store } = denoDomain({ xenstored: running.socket });
    const machine = new PlainMachine(running, store);
    await machine.#create(DOMU);
    return machine;
  }

  /** Does what Xen and xl do for a new domain. */
  async #create(domid: number): Promise<void> {
    this.#rings.set(domid, await this.#daemon.makeDomain(domid));
    await introduce(this.#socket, domid);
  }

  async live(life: Life): Promise<void> {
    if (life === "CREATE") return await this.#create(THIRD);
    using connection = new Requests(this.#socket.open());
    await connection.requestAll(removalOf(THIRD, vmOf(THIRD)));
    if (life === "DISCONNECT") await connection.request(StoreMessage.RELEASE, `${THIRD}\0`);
    await this.#daemon.endDomain(THIRD);
    // The daemon may take requests before it takes the event.
    while (await connection.request(StoreMessage.IS_DOMAIN_INTRODUCED, `${THIRD}\0`) === "T\0");
  }

  async open(who: Who | "control"): Promise<Participant> {
    const domid = who === "domu" ? DOMU : who === "third" ? THIRD : 0;
    const connection = domid === 0 ? this.#socket.open() : this.#rings.get(domid)!.open();
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
