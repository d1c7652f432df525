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
export interface Identity {
  readonly vm: string;
  readonly name: string;
}

/** A request of the toolstack: its type and its payload. */
export type ToolstackRequest = readonly [type: number, payload: string];

/** The requests that make the home of a domain. They are one transaction. */
export function creationOf(domid: number, { vm, name }: Identity): ToolstackRequest[] {
  const home = homeOf(domid);
  const requests: ToolstackRequest[] = [];
  const make = (path: string, ...permissions: string[]) => {
    requests.push([StoreMessage.MKDIR, joined([path])], [StoreMessage.SET_PERMS, joined([path, ...permissions])]);
  };
  const write = (path: string, value: string) => void requests.push([StoreMessage.WRITE, `${path}\0${value}`]);
  for (const path of [home, vm]) make(path, "n0", `r${domid}`);
  for (const path of [`/libxl/${domid}`, `/libxl/${domid}/device`]) make(path, "n0");
  write(`${home}/vm`, vm);
  write(`${home}/name`, name);
  for (const path of [...READABLE, "control"]) make(`${home}/${path}`, "n0", `r${domid}`);
  for (const path of OWN) make(`${home}/${path}`, `n${domid}`);
  write(`${vm}/uuid`, vm.slice("/vm/".length));
  write(`${vm}/name`, name);
  for (const path of FLAGS) write(`${home}/${path}`, "1");
  write(`/libxl/${domid}/type`, "pv");
  write(`${home}/domid`, `${domid}`);
  return requests;
}

/**
 * The requests that remove the home of a domain, before it is destroyed.
 *
 * @param vm Its path below `/vm`, or something else if its home does not have it any more.
 */
export function removalOf(domid: number, vm: string): ToolstackRequest[] {
  const paths = [...(vm.startsWith("/") ? [vm] : []), homeOf(domid), `/libxl/${domid}`];
  return paths.map((path) => [StoreMessage.RM, joined([path])]);
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
    this.#send(StoreMessage.WRITE, 0, `${homeOf(0)}/domid\0` + "0");
    this.#send(StoreMessage.WRITE, 0, `${homeOf(0)}/name\0Domain-0`);
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
    const id = Number(this.#ask(StoreMessage.TRANSACTION_START, 0, ""));
    for (const [type, payload] of creationOf(domid, identity)) this.#send(type, id, payload);
    this.#ask(StoreMessage.TRANSACTION_END, id, "T");
  }

  #newIdentity(domid: number): Identity {
    return { vm: `/vm/${uuid(++this.#created, domid)}`, name: `domain-${domid}` };
  }

  /** Removes the home of a domain. */
  remove(domid: number): void {
    this.#identities.delete(domid);
    const vm = this.#ask(StoreMessage.READ, 0, `${homeOf(domid)}/vm`);
    for (const [type, payload] of removalOf(domid, vm)) this.#send(type, 0, payload);
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
