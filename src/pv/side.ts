import { ArgumentRangeError } from "../contract/argument_error.ts";
import { show } from "../contract/checks.ts";
import { checkPlainObject, readOptions } from "../contract/options.ts";
import { isStoreError } from "../contract/store_errors.ts";
import { Patience } from "../shared/patience.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import { onAbort } from "../xenstore/abort.ts";
import type { XenStore } from "../xenstore/store.ts";
import { checkName, type DeviceNodes, makeNodes } from "./device_nodes.ts";
import type { PvError } from "./errors.ts";
import type { PvCallOptions, PvWaitOptions } from "./options.ts";
import { NodeFollower } from "./node_follower.ts";
import { type Change, type NodeValues, OwnNodes } from "./own_nodes.ts";
import { closedError, closingError, goneError, isPvError, lateError } from "./side_errors.ts";
import type { SideNames } from "./side_names.ts";
import { isEnd, isState, nameOf, stateOf, XenbusState } from "./xenbus_state.ts";

/** The most bytes of a message in XenStore. A node of a domain may usually have 2048, with all that belongs to it. */
const MOST_OF_MESSAGE = 1024;

/** How long a part of the dance may take, in milliseconds. */
export const DANCE_TIMEOUT = 10_000;

/** What both sides of a device do alike: they follow the other one's state, and change their own. */
export class Side {
  readonly names: SideNames;
  readonly store: XenStore;
  readonly own: DeviceNodes;
  readonly peer: DeviceNodes;
  readonly peerState: NodeFollower<XenbusState>;
  readonly #ownState: NodeFollower<XenbusState>;
  readonly #ownNodes: OwnNodes;
  #closed: PvError | undefined;

  constructor(store: XenStore, names: SideNames, state: XenbusState) {
    this.store = store;
    this.names = names;
    this.#ownNodes = new OwnNodes(store, names, state);
    this.own = makeNodes(store, names.path);
    this.peer = makeNodes(store, names.peerPath);
    this.peerState = new NodeFollower(store, this.peer, "state", stateOf);
    this.#ownState = new NodeFollower(store, this.own, "state", stateOf);
  }

  /** The state that this side wrote last, or found. */
  get state(): XenbusState {
    return this.#ownNodes.state;
  }

  /** The values that remove all that was published. */
  get removal(): NodeValues {
    return this.#ownNodes.removal;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Runs a call that may wait for the other side, for as long as its options allow. */
  async patiently<Value>(
    what: string,
    options: PvWaitOptions | undefined,
    limit: number,
    goal: () => string,
    run: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const { signal, timeout = limit } = readOptions(what, options, ["signal", "timeout"]);
    const patience = new Patience(
      `${what} the device`,
      { signal, timeout },
      (timeout) => lateError(what, this.names, timeout, this.peerState.value, goal()),
    );
    try {
      this.checkOpen(what);
      return await this.#whileOpen(what, () => run(patience.signal));
    } finally {
      patience.release();
    }
  }

  /** Waits until the other side has a state, or one of several. */
  async waitFor(
    states: XenbusState | readonly XenbusState[],
    options: PvWaitOptions | undefined,
  ): Promise<XenbusState> {
    const what = "wait for";
    const wanted = statesOf(what, states);
    return await this.patiently(what, options, Infinity, () => namesOf(wanted), (signal) => {
      // What waits for the end waits on its way there.
      return this.until(what, (state) => wanted.includes(state), signal, wanted.some(isEnd));
    });
  }

  /** Reads the options of a call that does not wait for the other side. */
  signalOf(what: string, options: PvCallOptions | undefined): AbortSignal | undefined {
    const { signal } = readOptions(what, options, ["signal"]);
    checkSignal(what, signal);
    if (signal?.aborted) throw reasonOf(signal);
    this.checkOpen(what);
    return signal;
  }

  /** Runs a call during which {@linkcode Side.close} may close the connection to XenStore. */
  async #whileOpen<Value>(what: string, run: () => Promise<Value>): Promise<Value> {
    try {
      return await run();
    } catch (error) {
      if (this.closed && isStoreError(error, "closed")) throw closedError(what, this.names);
      throw error;
    }
  }

  /**
   * Waits until the other side has one of some states.
   *
   * @param accepts Whether it may end there.
   * @param allowsClosing Whether the other side may be on its way to the end.
   * @param asks Asks for something else to happen first, and throws then.
   * @throws {PvError} `gone` if either side has no state any more; `closing` if the other one ends, unless that is what
   * is waited for.
   */
  async until(
    what: string,
    accepts: (state: XenbusState) => boolean,
    signal: AbortSignal,
    allowsClosing = false,
    asks?: (signal: AbortSignal) => Promise<never>,
  ): Promise<XenbusState> {
    if (signal.aborted) throw reasonOf(signal);
    const over = new AbortController();
    const stopListening = onAbort(signal, () => over.abort(reasonOf(signal)));
    const peer = this.peerState.until((state) => {
      if (accepts(state)) return true;
      if (state === XenbusState.Unknown) throw goneError(what, this.names);
      if (!allowsClosing && isEnd(state)) throw this.#closing(what);
      return false;
    }, over.signal);
    const own = this.#ownState.until((state) => {
      if (state !== XenbusState.Unknown) return false;
      if (accepts(state)) return true;
      throw goneError(what, this.names);
    }, over.signal);
    try {
      return await Promise.race([peer, own, ...(asks === undefined ? [] : [asks(over.signal)])]);
    } finally {
      stopListening();
      over.abort();
    }
  }

  /** Changes nodes of this side and its state, in its turn: see {@linkcode OwnNodes.change}. */
  async change(change: Change): Promise<void> {
    await this.#whileOpen(change.what, () => this.#ownNodes.change(change));
  }

  /** Runs steps until they are done, or the device is gone. */
  async unlessGone(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!isPvError(error, "gone")) throw error;
    }
  }

  /** Reads a node of this side. */
  async text(what: string, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    return await this.#whileOpen(what, () => this.own.text(name, { signal }));
  }

  /** Writes why this side gives up, where tools look for it, and goes to `Closing`, even if that cannot be written. */
  async giveUp(what: string, message: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#whileOpen(what, () => this.store.write(this.names.errorPath, truncate(message), { signal }));
    } finally {
      await this.change({ what, state: XenbusState.Closing, signal });
    }
  }

  checkOpen(what: string): void {
    if (this.closed) throw closedError(what, this.names);
  }

  /** The error of a device whose other side ends. */
  #closing(what: string): PvError {
    return closingError(what, this.names, this.peerState.value);
  }

  /** Ends all waiting, and the connection to XenStore. */
  close(): void {
    if (this.#closed) return;
    this.#closed = closedError("wait for", this.names);
    this.peerState.close(this.#closed);
    this.#ownState.close(this.#closed);
    this.store.close();
  }
}

/** Throws unless values can be nodes of a device. */
export function checkNodes(what: string, nodes: unknown): asserts nodes is NodeValues {
  checkPlainObject(what, nodes, "`nodes`");
  for (const name of Object.keys(nodes)) {
    checkName(what, name);
    if (name === "state") {
      throw new ArgumentRangeError(`Cannot ${what} as \`nodes\` must not have a \`state\`: use the argument for it`);
    }
  }
}

/** Throws unless a value is a state that a side can take. */
export function checkState(what: string, state: unknown): asserts state is XenbusState {
  if (isState(state)) return;
  throw new ArgumentRangeError(
    `Cannot ${what} as \`state\` must be an XenbusState other than Unknown: current value is ${show(state)}`,
  );
}

/** Shortens a message to what a domain may write into one node, with room for what the daemon adds to it. */
function truncate(message: string): string {
  const bytes = new Uint8Array(MOST_OF_MESSAGE);
  const { read } = new TextEncoder().encodeInto(message, bytes);
  return message.slice(0, read);
}

/** Reads the states to wait for. */
function statesOf(what: string, states: XenbusState | readonly XenbusState[]): readonly XenbusState[] {
  const list = Array.isArray(states) ? [...states] as XenbusState[] : [states as XenbusState];
  if (list.length === 0) {
    throw new ArgumentRangeError(`Cannot ${what} as \`states\` must not be empty: current value is an array`);
  }
  for (const state of list) if (state !== XenbusState.Unknown) checkState(what, state);
  return list;
}

/** States for messages: "Closing (5) or Closed (6)". */
export function namesOf(states: readonly XenbusState[]): string {
  return states.map(nameOf).join(" or ");
}
