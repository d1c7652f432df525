/**
 * What `xl` does in XenStore when it creates and destroys domains.
 *
 * @module
 */
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import type { Daemon } from "./daemon.ts";
import { homeOf } from "./paths.ts";
import { Peer } from "./peer.ts";
import { bytesOf, joined, textOf } from "./text.ts";

/** Below the home of a domain: what it may read. */
const READABLE = ["cpu", "memory", "device"];
/** What it owns. */
const OWN = [
  "device/suspend/event-channel",
  "control/shutdown",
  "control/feature-poweroff",
  "control/feature-reboot",
  "control/feature-suspend",
  "control/sysrq",
  "data",
  "drivers",
  "feature",
  "attr",
  "error",
];
/** What is `1`. */
const FLAGS = ["control/platform-feature-multiprocessor-suspend", "control/platform-feature-xs_reset_watches"];

/** The path of a domain below `/vm`, which ends with its UUID, and its name. */
interface Identity {
  readonly vm: string;
  readonly name: string;
}

/** The toolstack, a program of domain 0. */
export class Toolstack {
  readonly #daemon: Daemon;
  readonly #peer = new Peer(0, true, () => {});
  readonly #identities = new Map<number, Identity>();
  #created = 0;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** Writes what domain 0 finds about itself. */
  createDomain0(): void {
    this.#write(0, `${homeOf(0)}/domid`, "0");
    this.#write(0, `${homeOf(0)}/name`, "Domain-0");
  }

  /** What a domain is called. It keeps that when it is restored. */
  identity(domid: number): Identity {
    return this.#identities.get(domid)!;
  }

  /**
   * Makes the home of a domain, in a transaction.
   *
   * @param identity What it is called, if it is restored and not new.
   */
  create(domid: number, identity: Identity = this.#newIdentity(domid)): void {
    this.#identities.set(domid, identity);
    const { vm, name } = identity;
    const home = homeOf(domid);
    const id = Number(this.#ask(StoreMessage.TRANSACTION_START, 0, ""));
    const make = (path: string, ...permissions: string[]) => {
      this.#ask(StoreMessage.MKDIR, id, path);
      this.#ask(StoreMessage.SET_PERMS, id, path, ...permissions);
    };
    for (const path of [home, vm]) make(path, "n0", `r${domid}`);
    for (const path of [`/libxl/${domid}`, `/libxl/${domid}/device`]) make(path, "n0");
    this.#write(id, `${home}/vm`, vm);
    this.#write(id, `${home}/name`, name);
    for (const path of READABLE) make(`${home}/${path}`, "n0", `r${domid}`);
    make(`${home}/control`, "n0", `r${domid}`);
    for (const path of OWN) make(`${home}/${path}`, `n${domid}`);
    this.#write(id, `${vm}/uuid`, vm.slice("/vm/".length));
    this.#write(id, `${vm}/name`, name);
    for (const path of FLAGS) this.#write(id, `${home}/${path}`, "1");
    this.#write(id, `/libxl/${domid}/type`, "pv");
    this.#write(id, `${home}/domid`, `${domid}`);
    this.#ask(StoreMessage.TRANSACTION_END, id, "T");
  }

  #newIdentity(domid: number): Identity {
    return { vm: `/vm/${uuid(++this.#created, domid)}`, name: `domain-${domid}` };
  }

  /** Removes the home of a domain. */
  remove(domid: number): void {
    const home = homeOf(domid);
    this.#identities.delete(domid);
    const vm = this.#ask(StoreMessage.READ, 0, `${home}/vm`);
    if (vm.startsWith("/")) this.#ask(StoreMessage.RM, 0, vm);
    this.#ask(StoreMessage.RM, 0, home);
    this.#ask(StoreMessage.RM, 0, `/libxl/${domid}`);
  }

  #write(transaction: number, path: string, value: string): void {
    this.#send(StoreMessage.WRITE, transaction, `${path}\0${value}`);
  }

  /** Makes a request, and returns the only string of the reply. */
  #ask(type: number, transaction: number, ...strings: readonly string[]): string {
    return this.#send(type, transaction, joined(strings));
  }

  #send(type: number, transaction: number, text: string): string {
    let reply = "";
    const header = { type, request: 0, transaction, length: text.length };
    this.#daemon.handle(
      this.#peer,
      header,
      bytesOf(text),
      (_, payload) => reply = typeof payload === "string" ? payload : textOf(payload),
    );
    return reply.replace("\0", "");
  }
}

/** A number of a machine that no other one has. */
function uuid(created: number, domid: number): string {
  const hex = (number: number, digits: number) => number.toString(16).padStart(digits, "0");
  return `${hex(created, 8)}-0000-4000-8000-${hex(domid, 12)}`;
}
