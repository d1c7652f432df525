import { show } from "../contract/checks.ts";
import { checkPlainObject, readOptions } from "../contract/options.ts";
import { StoreError } from "../contract/store_errors.ts";
import { Patience } from "../shared/patience.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import { onAbort } from "../xenstore/abort.ts";
import { transactPatiently } from "../xenstore/patient_transaction.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { StoreTransaction } from "../xenstore/store_transaction.ts";
import { checkName, type DeviceNodes, makeNodes } from "./device_nodes.ts";
import { PvError } from "./errors.ts";
import type { PvCallOptions, PvWaitOptions } from "./options.ts";
import { NodeFollower } from "./node_follower.ts";
import { isState, nameOf, stateOf, XenbusState } from "./xenbus_state.ts";

/** Nodes to write, by their names: bytes, texts or whole numbers. */
export type NodeValues = Readonly<Record<string, Uint8Array | string | number>>;

/** How long a part of the dance may take, in milliseconds. */
export const DANCE_TIMEOUT = 10_000;

/** What a side is, for messages and paths. */
export interface SideNames {
  /** The device: "vbd/51728". */
  readonly device: string;
  /** The folder of its own nodes, and that of the other side's. */
  readonly path: string;
  readonly peerPath: string;
  /** The node for what went wrong. */
  readonly errorPath: string;
  /** The other side: "the backend in domain 0". */
  readonly peer: string;
  /** What to do if the other side does nothing. */
  readonly wayOut: string;
}

/** Reads the state in a folder; `Unknown` if there is none. */
export async function readState(store: Pick<StoreTransaction, "readText">, path: string): Promise<XenbusState> {
  try {
    return stateOf(await store.readText(`${path}/state`));
  } catch (error) {
    const isMissing = error instanceof StoreError && /^(not-found|denied|malformed)$/.test(error.code);
    if (isMissing) return XenbusState.Unknown;
    throw error;
  }
}

/** What both sides of a device do alike: they follow the other one's state, and change their own. */
export class Side {
  readonly names: SideNames;
  readonly store: XenStore;
  readonly own: DeviceNodes;
  readonly peer: DeviceNodes;
  readonly peerState: NodeFollower<XenbusState>;
  readonly #ownState: NodeFollower<XenbusState>;
  /** The state that this side wrote last, or found. */
  state: XenbusState;
  #closed: PvError | undefined;

  constructor(store: XenStore, names: SideNames, state: XenbusState) {
    this.store = store;
    this.names = names;
    this.state = state;
    this.own = makeNodes(store, names.path);
    this.peer = makeNodes(store, names.peerPath);
    this.peerState = new NodeFollower(store, this.peer, "state", stateOf);
    this.#ownState = new NodeFollower(store, this.own, "state", stateOf);
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
      (timeout) => this.#late(what, timeout, goal()),
    );
    try {
      this.checkOpen(what);
      return await run(patience.signal);
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
      const allowsClosing = wanted.includes(XenbusState.Closing) || wanted.includes(XenbusState.Closed);
      return this.until(what, (state) => wanted.includes(state), signal, allowsClosing);
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

  #late(what: string, timeout: number, goal: string): PvError {
    const { device, peer, wayOut } = this.names;
    return new PvError(
      `Cannot ${what} ${device} within ${timeout} ms: ${peer} is at ${
        nameOf(this.peerState.value)
      } instead of ${goal}. ` +
        `${wayOut}, or raise \`timeout\`.`,
      { code: "timed-out", operation: what },
    );
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
      if (state === XenbusState.Unknown) throw this.gone(what);
      if (!allowsClosing && (state === XenbusState.Closing || state === XenbusState.Closed)) throw this.closing(what);
      return false;
    }, over.signal);
    const own = this.#ownState.until((state) => {
      if (state !== XenbusState.Unknown) return false;
      if (accepts(state)) return true;
      throw this.gone(what);
    }, over.signal);
    try {
      return await Promise.race([peer, own, ...(asks === undefined ? [] : [asks(over.signal)])]);
    } finally {
      stopListening();
      over.abort();
    }
  }

  /**
   * Writes nodes and this side's state, all at once.
   *
   * @param expected What the state must be before that.
   * @throws {PvError} `gone` if the device is not there; `taken` if the state is another one.
   */
  async publish(
    what: string,
    nodes: NodeValues,
    state: XenbusState,
    signal: AbortSignal | undefined,
    expected?: XenbusState,
  ): Promise<void> {
    await this.#change(what, nodes, state, signal, expected, true);
  }

  async #change(
    what: string,
    nodes: NodeValues,
    state: XenbusState,
    signal: AbortSignal | undefined,
    expected: XenbusState | undefined,
    again: boolean,
  ): Promise<void> {
    const { path } = this.names;
    await transactPatiently(this.store, async (transaction) => {
      // Never written without having been read: that would bring a device back which was removed meanwhile.
      const found = await readState(transaction, path);
      if (found === XenbusState.Unknown) throw this.gone(what);
      if (expected !== undefined && found !== expected) throw this.#taken(what, found, expected);
      for (const [name, value] of Object.entries(nodes)) await transaction.write(`${path}/${name}`, value);
      if (again || found !== state) await transaction.write(`${path}/state`, String(state));
    }, { signal });
    this.state = state;
  }

  /** Changes this side's state, unless it is the same. Otherwise as {@linkcode Side.publish}. */
  async goTo(what: string, state: XenbusState, signal: AbortSignal | undefined, expected?: XenbusState): Promise<void> {
    await this.#change(what, {}, state, signal, expected, false);
  }

  /** Runs steps until they are done, or the device is gone. */
  async unlessGone(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof PvError && error.code === "gone")) throw error;
    }
  }

  /** Writes why this side gives up, where tools look for it. */
  async report(message: string, signal: AbortSignal | undefined): Promise<void> {
    await this.store.write(this.names.errorPath, message, { signal });
  }

  checkOpen(what: string): void {
    if (this.#closed) {
      throw new PvError(`Cannot ${what} ${this.names.device}: it was closed here. Open it again.`, {
        code: "closed",
        operation: what,
      });
    }
  }

  #taken(what: string, found: XenbusState, expected: XenbusState): PvError {
    return new PvError(
      `Cannot ${what} ${this.names.device}: its state is ${nameOf(found)}, and not ${
        nameOf(expected)
      } as this program ` +
        "has left it. Another program drives it now: stop one of them.",
      { code: "taken", operation: what },
    );
  }

  /** The error of a device that is not there any more. */
  gone(what: string): PvError {
    const { device, peer } = this.names;
    return new PvError(
      `Cannot ${what} ${device}: the device or ${peer} is not there any more. The toolstack has removed it, or a ` +
        "domain has ended.",
      { code: "gone", operation: what },
    );
  }

  /** The error of a device whose other side ends. */
  closing(what: string): PvError {
    const { device, peer, wayOut } = this.names;
    return new PvError(
      `Cannot ${what} ${device}: ${peer} is at ${
        nameOf(this.peerState.value)
      }, so it ends the connection, or refuses it. ` +
        `${wayOut}.`,
      { code: "closing", operation: what },
    );
  }

  /** Ends all waiting, and the connection to XenStore. */
  close(): void {
    if (this.#closed) return;
    const { device } = this.names;
    this.#closed = new PvError(`Cannot wait for ${device}: it was closed here. Open it again.`, {
      code: "closed",
      operation: "wait",
    });
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
      throw new RangeError(`Cannot ${what} as \`nodes\` must not have a \`state\`: use the argument for it`);
    }
  }
}

/** Throws unless a value is a state that a side can take. */
export function checkState(what: string, state: unknown): asserts state is XenbusState {
  if (isState(state)) return;
  throw new RangeError(
    `Cannot ${what} as \`state\` must be an XenbusState other than Unknown: current value is ${show(state)}`,
  );
}

/** Reads one state or several, to wait for. */
function statesOf(what: string, states: XenbusState | readonly XenbusState[]): readonly XenbusState[] {
  const list = Array.isArray(states) ? [...states] as XenbusState[] : [states as XenbusState];
  for (const state of list) if (state !== XenbusState.Unknown) checkState(what, state);
  return list;
}

/** States for messages: "Closing (5) or Closed (6)". */
export function namesOf(states: readonly XenbusState[]): string {
  return states.map(nameOf).join(" or ");
}
