import { denoDomain } from "../../../backends/deno.ts";
import type { StoreBackend, StoreConnection } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Joiner, message, readable } from "../../support/store_messages.ts";
import type { Daemon } from "../differences.ts";
import { creationOf, removalOf, type ToolstackRequest } from "../../../backends/mock/store/toolstack.ts";
import type { StoreMachine } from "../executor.ts";
import { LocalParticipant, type Participant } from "../participant.ts";
import { THIRD } from "../places.ts";
import type { Life, Who } from "../step.ts";
import { RunningDaemon, type Tools } from "./daemon.ts";
import type { Ring } from "./ring.ts";

/** The domid of the other domain. */
const DOMU = 1;

/** The path of a domain below `/vm`. */
const vmOf = (domid: number) => `/vm/00000000-0000-4000-8000-${String(domid).padStart(12, "0")}`;

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
    const { TRANSACTION_START, TRANSACTION_END, INTRODUCE } = StoreMessage;
    this.#rings.set(domid, await this.#daemon.makeDomain(domid));
    using connection = new Requests(this.#socket.open());
    const transaction = parseInt(await connection.request(TRANSACTION_START, "\0"));
    await connection.requestAll(creationOf(domid, { vm: vmOf(domid), name: `domain-${domid}` }), transaction);
    await connection.request(TRANSACTION_END, "T\0", transaction);
    await connection.request(INTRODUCE, `${domid}\0${1}\0${1}\0`);
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

/** Requests that must succeed. Events are dropped. */
class Requests implements Disposable {
  readonly #connection: StoreConnection;
  readonly #joiner = new Joiner();
  readonly #bytes = new Uint8Array(4096);

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** Makes requests, and waits for the last reply. Returns its payload. */
  async requestAll(requests: readonly ToolstackRequest[], transaction = 0): Promise<string> {
    for (const [type, text] of requests) this.#connection.send(message(type, text, 1, transaction));
    let last = "";
    for (let open = requests.length; open > 0;) {
      const got = this.#connection.receive(this.#bytes);
      if (got === 0) await readable(this.#connection);
      for (const { type, text } of this.#joiner.add(this.#bytes.subarray(0, got))) {
        if (type === StoreMessage.WATCH_EVENT) continue;
        if (type === StoreMessage.ERROR) throw new Error(`one of ${JSON.stringify(requests)} was refused: ${text}`);
        last = text;
        open--;
      }
    }
    return last;
  }

  request(type: number, text: string, transaction = 0): Promise<string> {
    return this.requestAll([[type, text]], transaction);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
