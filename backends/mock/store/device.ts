import { MAX_DEVICE_PAYLOAD, type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import type { OpenStore, ProcessState } from "../kernel.ts";
import { MockStoreConnection } from "./connection.ts";
import type { Answer, DomainKernel, FileWatch } from "./domain_kernel.ts";
import { messageOf } from "./messages.ts";
import { type Payload, stringsOf } from "./text.ts";

/** What a kernel leaves in the numbers of request and transaction of an event. */
const STALE_NUMBER = 0xffff8880;

/** A transaction of a file. */
interface FileTransaction {
  readonly id: number;
  /** How often the domain had been restored when it was started. */
  readonly restored: number;
}

/**
 * An open file of `/dev/xen/xenbus`. The kernel of the domain has one connection to the daemon for all its files, so
 * watches and transactions count together, while each file sees its own.
 *
 * Replies and events come through the kernel in any order. Here, events come first: the harder one for a program.
 */
export class DeviceConnection extends MockStoreConnection {
  readonly maxPayload: number = MAX_DEVICE_PAYLOAD;
  readonly maxInFlight: number = 1;
  readonly #kernel: DomainKernel;
  readonly #watches: FileWatch[] = [];
  /** Its transactions, the newest first. The number of one from before a restore may be that of a newer one. */
  #transactions: FileTransaction[] = [];

  constructor(process: ProcessState, kernel: DomainKernel) {
    super(process);
    this.#kernel = kernel;
  }

  get store(): OpenStore {
    return { kind: "device", watches: this.#watches.length, transactions: this.#transactions.length };
  }

  protected handle(header: StoreHeader, payload: Uint8Array<ArrayBuffer>): void {
    const { type, request, transaction } = header;
    let [replyType, answer] = this.#handle(header, payload);
    if (replyType === StoreMessage.ERROR && type === StoreMessage.WATCH) answer = errnoOf(answer);
    this.mailbox.push(messageOf(replyType, request, transaction, answer));
  }

  #handle(header: StoreHeader, payload: Uint8Array<ArrayBuffer>): Answer {
    switch (header.type) {
      case StoreMessage.WATCH:
        return this.#watch(stringsOf(payload));
      case StoreMessage.UNWATCH:
        return this.#unwatch(stringsOf(payload));
      case StoreMessage.RESET_WATCHES:
        // It would end the watches of the kernel itself.
        return refused("ENOSYS");
    }
    const { type, transaction } = header;
    const started = this.#transactions.find(({ id }) => id === transaction);
    if (transaction !== 0 && started === undefined) return refused("ENOENT");
    if (type === StoreMessage.TRANSACTION_END) {
      // The kernel would never answer.
      if (started === undefined) return refused("ENOENT");
      if (payload.length !== 2 || payload[1] !== 0 || payload[0] !== 0x54 && payload[0] !== 0x46) {
        return refused("EINVAL");
      }
      this.#transactions = this.#transactions.filter((other) => other !== started);
      if (started.restored !== this.#kernel.restored) return payload[0] === 0x54 ? refused("EAGAIN") : [type, "OK\0"];
    }
    const reply = this.#kernel.ask(header, payload);
    if (type === StoreMessage.TRANSACTION_START && reply[0] === type) {
      this.#transactions.unshift({ id: parseInt(reply[1] as string), restored: this.#kernel.restored });
    }
    return reply;
  }

  #watch([path, token]: readonly string[]): Answer {
    if (path === undefined || token === undefined) return refused("EINVAL");
    const watch: FileWatch = {
      path,
      event: (shown, id) => {
        const message = messageOf(StoreMessage.WATCH_EVENT, STALE_NUMBER, STALE_NUMBER, `${shown}\0${token}\0`);
        const isDropped = this.#kernel.daemon.dropsEvents && shown[0] !== "@";
        this.mailbox.pushEvent(message, isDropped ? `${id} ${shown}` : undefined);
      },
      token,
    };
    const answer = this.#kernel.watch(watch);
    if (answer[0] === StoreMessage.WATCH) this.#watches.unshift(watch);
    return answer;
  }

  #unwatch([path, token]: readonly string[]): Answer {
    if (path === undefined || token === undefined) return refused("EINVAL");
    const index = this.#watches.findIndex((watch) => watch.path === path && watch.token === token);
    if (index >= 0) this.#kernel.unwatch(this.#watches.splice(index, 1)[0]!);
    return [StoreMessage.UNWATCH, "OK\0"];
  }

  protected end(): void {
    // The connection of a destroyed domain has ended.
    if (this.process.domain.destroyed) return;
    for (const watch of this.#watches.splice(0)) this.#kernel.unwatch(watch);
    // The kernel does so even if the domain was restored since, and the number is that of another transaction.
    for (const { id } of this.#transactions.splice(0)) this.#kernel.abort(id);
  }
}

function refused(name: string): Answer {
  return [StoreMessage.ERROR, `${name}\0`];
}

/** The name of a refusal after it was an errno of the kernel, which takes those that it does not know for EINVAL. */
function errnoOf(name: Payload): Payload {
  return name === "EQUOTA\0" ? "EINVAL\0" : name;
}
