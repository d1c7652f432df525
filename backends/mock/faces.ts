/**
 * The objects behind {@linkcode MockDomain} and {@linkcode MockProcess}. The state of the kernel does all their work.
 *
 * @module
 */
import { ArgumentRangeError } from "../../src/contract/argument_error.ts";
import type { EventBackend, GrantBackend, MapBackend, StoreBackend, XenDomain } from "../../src/contract/backend.ts";
import { checkDomid, checkInteger, checkLimit } from "../../src/contract/checks.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { MAX_DOMID, MAX_VIRQ } from "../../src/contract/limits.ts";
import { readOptions } from "../../src/contract/options.ts";
import { showAs } from "../../src/shared/inspection.ts";
import type { MockDomain, MockProcess, MockRestoreOptions } from "./domain.ts";
import { type DomainState, type MachineState, ProcessState } from "./kernel.ts";
import { type ProcessBackends, processBackends } from "./process_backends.ts";
import { saveAndRestore } from "./save_restore.ts";

/** The backends of a program. */
class BackendsFace implements ProcessBackends {
  readonly grants: GrantBackend;
  readonly maps: MapBackend;
  readonly events: EventBackend;
  readonly store: StoreBackend;
  readonly storeSocket: StoreBackend;
  readonly isAlive: XenDomain["isAlive"];

  constructor(process: ProcessState) {
    const { grants, maps, events, isAlive, store, storeSocket } = processBackends(process);
    this.grants = grants;
    this.maps = maps;
    this.events = events;
    this.isAlive = isAlive;
    this.store = store;
    this.storeSocket = storeSocket;
  }
}

/** A domain, with the backends of its main program. */
export class DomainFace extends BackendsFace implements MockDomain {
  static {
    showAs(DomainFace, "MockDomain", ({ domid, limit, destroyed }) => ({ domid, limit, destroyed }));
  }

  domid: number;
  readonly #state: DomainState;
  readonly #main: ProcessState;

  constructor(state: DomainState) {
    const main = new ProcessState(state);
    super(main);
    this.#state = state;
    this.#main = main;
    this.domid = state.domid;
  }

  get limit(): number {
    return this.#state.limit;
  }

  set limit(pages: number) {
    checkLimit("set the limit", "`limit`", pages);
    this.#state.limit = pages;
  }

  get destroyed(): boolean {
    return this.#state.destroyed;
  }

  process(): MockProcess {
    this.#main.checkAlive("open", "start a process", "Start it");
    return new ProcessFace(this, new ProcessState(this.#state));
  }

  raiseVirq(virq: number): void {
    checkInteger("raise a VIRQ", "`virq`", virq, 0, MAX_VIRQ);
    this.#state.ports.raise(virq);
  }

  saveAndRestore(options?: MockRestoreOptions): void {
    const what = "save and restore a domain";
    const { domid } = readOptions(what, options, ["domid"]);
    const { machine, domid: old } = this.#state;
    if (this.destroyed) {
      throw new GrantError(`Cannot ${what}: domain ${old} was destroyed. Save it before it is destroyed.`, {
        code: "closed",
        operation: "open",
      });
    }
    if (old === 0) throw new ArgumentRangeError(`Cannot ${what}: domain 0 cannot be saved. Save another domain.`);
    this.domid = domid === undefined ? firstFree(machine, old + 1) : checkFree(what, machine, domid);
    saveAndRestore(this.#state, this.domid);
  }

  destroy(): void {
    this.#state.destroy();
  }
}

/** The lowest number from `from` on that no domain has. After the highest, the search goes on at 1. */
function firstFree(machine: MachineState, from: number): number {
  let domid = from;
  while (domid > MAX_DOMID || machine.find(domid)) domid = domid < MAX_DOMID ? domid + 1 : 1;
  return domid;
}

function checkFree(what: string, machine: MachineState, domid: number): number {
  checkDomid(what, domid);
  if (!machine.find(domid)) return domid;
  throw new ArgumentRangeError(
    `Cannot ${what} as \`domid\` must be a number that no domain has: current value is ${domid}`,
  );
}

/** A program of a domain. */
class ProcessFace extends BackendsFace implements MockProcess {
  static {
    showAs(ProcessFace, "MockProcess", (face) => ({
      domid: face.domain.domid,
      process: face.#state.number,
      killed: face.killed,
    }));
  }

  readonly domain: MockDomain;
  readonly #state: ProcessState;

  constructor(domain: MockDomain, state: ProcessState) {
    super(state);
    this.#state = state;
    this.domain = domain;
  }

  get killed(): boolean {
    return this.#state.killed;
  }

  kill(): void {
    this.#state.kill();
  }
}
