import { checkText } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { readOptions } from "../contract/options.ts";
import { showAs } from "../shared/inspection.ts";
import { checkSignal } from "../shared/signal.ts";
import { XenStore } from "../xenstore/store.ts";
import type { DeviceNodes } from "./device_nodes.ts";
import { findBackend } from "./find_backend.ts";
import { endFrontend, startFrontend } from "./frontend_dance.ts";
import type { PvCallOptions, PvWaitOptions } from "./options.ts";
import { checkDevice } from "./place.ts";
import type { NodeValues } from "./own_nodes.ts";
import { checkNodes, checkState, Side } from "./side.ts";
import { stateChanges } from "./state_changes.ts";
import { XenbusState } from "./xenbus_state.ts";

const { Initialised } = XenbusState;

/**
 * The frontend's side of a device: it finds the backend in XenStore, and plays the dance of states with it that begins
 * and ends a connection. What is exchanged between, rings for example, is up to the driver of the device.
 *
 * One program drives a device at a time, and no kernel driver may have it: unbind that first, as in
 * `echo vbd-51728 > /sys/bus/xen/drivers/vbd/unbind`.
 *
 * It keeps the program alive until it is closed.
 *
 * @example Connect to the backend of a device, and end that
 * ```ts
 * import { BackendDevice, createDevice, FrontendDevice, XenbusState } from "@gntalloc/gntalloc/pv";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * xen.domain(1);
 * await createDevice(xen.domain(0), { kind: "sensor", id: 0, frontend: 1, backend: 0 });
 *
 * async function backend() {
 *   using device = await BackendDevice.open(xen.domain(0), "sensor", 1, 0);
 *   await device.offer({ "feature-celsius": 1 });
 *   assert.equal(await device.frontend.number("event-channel"), 7);
 *   await device.publish({}, XenbusState.Connected);
 *   await device.waitForFrontend(XenbusState.Closing);
 *   await device.end();
 * }
 * const serving = backend();
 *
 * await using device = await FrontendDevice.open(xen.domain(1), "sensor", 0);
 * await device.start();
 * assert.equal(await device.backend.number("feature-celsius", 0), 1);
 * await device.publish({ "event-channel": 7 });
 * await device.waitForBackend(XenbusState.Connected);
 * await device.publish({}, XenbusState.Connected);
 * await device.end();
 * await serving;
 * ```
 */
export class FrontendDevice implements Disposable, AsyncDisposable {
  static {
    showAs(FrontendDevice, "FrontendDevice", (device) => ({
      kind: device.kind,
      id: device.id,
      domid: device.domid,
      state: device.state,
      backendState: device.backendState,
      closed: device.closed,
    }));
  }

  /** What kind of device it is: `vbd` for a disk, for example. */
  readonly kind: string;
  /** Its number among those of this domain. */
  readonly id: number;
  /** The domain of the backend. */
  readonly domid: number;
  readonly #side: Side;
  /** Whether this program has begun a connection that is not ended. */
  #started = false;

  private constructor(kind: string, id: number, domid: number, side: Side) {
    this.kind = kind;
    this.id = id;
    this.domid = domid;
    this.#side = side;
  }

  /**
   * Finds a device of this domain. Nothing is changed.
   *
   * @param domain The domain that the program runs in: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @param kind What kind of device it is: `vbd` for a disk, `vif` for a network card, for example.
   * @param id Its number among those of this domain, 0 to 4294967295.
   * @param options A signal that gives the call up.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `no-device` if the toolstack has not made such a device.
   * @throws {StoreError} if XenStore refuses.
   */
  static async open(
    domain: Pick<XenDomain, "store">,
    kind: string,
    id: number,
    options?: PvCallOptions,
  ): Promise<FrontendDevice> {
    const what = "open a device";
    checkDevice(what, kind, id);
    const { signal } = readOptions(what, options, ["signal"]);
    checkSignal(what, signal);
    const store = await XenStore.open(domain, { signal });
    try {
      const { domid, state, names } = await findBackend(store, kind, id, signal);
      return new FrontendDevice(kind, id, domid, new Side(store, names, state));
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** The state of this side, as this program has left it. */
  get state(): XenbusState {
    return this.#side.state;
  }

  /** The state of the backend at the last look. */
  get backendState(): XenbusState {
    return this.#side.peerState.value;
  }

  /** The nodes of this side. */
  get nodes(): DeviceNodes {
    return this.#side.own;
  }

  /** The nodes of the backend. Do not trust them more than you trust its domain. */
  get backend(): DeviceNodes {
    return this.#side.peer;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#side.closed;
  }

  /**
   * Brings both sides to the beginning: this one to `Initialising`, and the backend to `InitWait`, where its offer can
   * be read. If a program was killed in the middle of a connection, ends that first, so that the backend lets go of its
   * memory.
   *
   * @param options How long that may take, and a signal.
   * @throws {PvError} `timed-out` if the backend does not follow; `gone` if the device is removed; `closed` if it was
   * closed here.
   * @throws {StoreError} if XenStore refuses.
   */
  async start(options?: PvWaitOptions): Promise<void> {
    await startFrontend(this.#side, options);
    this.#started = true;
  }

  /**
   * Writes nodes of this side and its state, all at once. With a ring's references and a port, and the state
   * `Initialised`, the backend sets itself up.
   *
   * @param nodes The nodes, by their names: bytes, texts or whole numbers, as {@linkcode XenStore.write} takes them; or
   * `undefined`, to remove one that an earlier program may have left.
   * @param state The state.
   * @param options A signal that gives the call up.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `gone` if the device was removed; `taken` if another program has changed what this one has left:
   * the state, or a node that was published; `closed` if it was closed here, even meanwhile; `closing` if this program
   * has begun to end the connection meanwhile.
   * @throws {StoreError} if XenStore refuses.
   */
  async publish(nodes: NodeValues, state: XenbusState = Initialised, options?: PvCallOptions): Promise<void> {
    const what = "publish";
    checkNodes(what, nodes);
    checkState(what, state);
    const side = this.#side;
    await side.change({ what, nodes, state, signal: side.signalOf(what, options), again: true });
    this.#started = true;
  }

  /**
   * Waits until the backend has a state.
   *
   * @param states The state, or several of which one is enough.
   * @param options How long to wait, and a signal.
   * @returns The state that it has.
   * @throws {PvError} `closing` if the backend ends the connection or refuses it, unless `states` has `Closing` or
   * `Closed`; `gone` if the device is removed, unless `states` has `Unknown`; `timed-out`; `closed` if it is closed
   * here.
   * @throws {StoreError} if XenStore fails.
   */
  async waitForBackend(states: XenbusState | readonly XenbusState[], options?: PvWaitOptions): Promise<XenbusState> {
    return await this.#side.waitFor(states, options);
  }

  /**
   * Iterates over the states of the backend, from the current one on: each time it was written, also if it is the same.
   * A backend that writes `Connected` again has changed what it offers, such as the size of a disk. Several changes may
   * arrive as one. The last state is `Unknown`, when the folder of either side is removed; the loop also ends when the
   * device is closed here.
   *
   * @throws {StoreError} if XenStore fails.
   *
   * @example Notice that the backend ends
   * ```ts
   * import { createDevice, FrontendDevice, removeDevice, XenbusState } from "@gntalloc/gntalloc/pv";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * xen.domain(1);
   * const place = { kind: "sensor", id: 0, frontend: 1, backend: 0 };
   * await createDevice(xen.domain(0), place);
   * using device = await FrontendDevice.open(xen.domain(1), "sensor", 0);
   * const states: XenbusState[] = [];
   * for await (const state of device.backendStates()) {
   *   states.push(state);
   *   if (state === XenbusState.Initialising) await removeDevice(xen.domain(0), place, { timeout: 0 });
   * }
   * assert.equal(states.at(-1), XenbusState.Unknown);
   * ```
   */
  backendStates(): AsyncIterableIterator<XenbusState> {
    return stateChanges(this.#side);
  }

  /**
   * Ends the connection: has the backend finish what it does, and let go of all memory. Free what was granted only
   * afterwards. The nodes that were published are removed, with the folders that they are in, so do not publish the
   * toolstack's nodes. Does nothing if no connection was begun here, or if the device is gone.
   *
   * @param options How long that may take, and a signal.
   * @throws {PvError} `timed-out` if the backend does not follow; `taken` if another program drives the device;
   * `closed` if it is closed here.
   * @throws {StoreError} if XenStore refuses.
   */
  async end(options?: PvWaitOptions): Promise<void> {
    const isBegun = this.#started;
    await endFrontend(this.#side, isBegun, options);
    if (isBegun) this.#started = false;
  }

  /**
   * Gives up: writes why into XenStore, where tools look for it, and goes to `Closing`, even if that cannot be written.
   * Then end the connection.
   *
   * @param message What is wrong. XenStore gets its first 1024 bytes.
   * @param options A signal that gives the call up.
   * @throws {TypeError} if the message is no string.
   * @throws {PvError} as {@linkcode FrontendDevice.publish}.
   * @throws {StoreError} if XenStore refuses.
   */
  async fail(message: string, options?: PvCallOptions): Promise<void> {
    const what = "give up";
    checkText(what, "`message`", message);
    const side = this.#side;
    await side.giveUp(what, message, side.signalOf(what, options));
  }

  /**
   * Closes the device here: calls that wait fail with `closed`. The states stay as they are, so end the connection
   * first. Does nothing if it is closed.
   */
  close(): void {
    this.#side.close();
  }

  /** Closes the device, like {@linkcode FrontendDevice.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Ends the connection, like {@linkcode FrontendDevice.end}, and closes the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.closed) await this.end();
    } finally {
      this.close();
    }
  }
}
