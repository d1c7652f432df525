import { checkDomid, checkText } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { readOptions } from "../contract/options.ts";
import { showAs } from "../shared/inspection.ts";
import { checkSignal } from "../shared/signal.ts";
import { XenStore } from "../xenstore/store.ts";
import { AT_REST, isOnline, offerBackend } from "./backend_offer.ts";
import type { DeviceNodes } from "./device_nodes.ts";
import { findFrontend } from "./find_frontend.ts";
import type { PvCallOptions, PvWaitOptions } from "./options.ts";
import { checkDevice } from "./place.ts";
import type { NodeValues } from "./own_nodes.ts";
import { checkNodes, checkState, DANCE_TIMEOUT, Side } from "./side.ts";
import { stateChanges } from "./state_changes.ts";
import { nameOf, XenbusState } from "./xenbus_state.ts";

const { Closing, Closed, Unknown } = XenbusState;

/**
 * The backend's side of a device: it offers the device to one frontend after the other, and plays the dance of states
 * with each that begins and ends a connection. See {@linkcode FrontendDevice}.
 *
 * It keeps the program alive until it is closed.
 */
export class BackendDevice implements Disposable {
  static {
    showAs(BackendDevice, "BackendDevice", (device) => ({
      kind: device.kind,
      id: device.id,
      domid: device.domid,
      state: device.state,
      frontendState: device.frontendState,
      closed: device.closed,
    }));
  }

  /** What kind of device it is for this domain: its `backendKind` if it has one. */
  readonly kind: string;
  /** Its number among those of the frontend's domain. */
  readonly id: number;
  /** The domain of the frontend. */
  readonly domid: number;
  readonly #side: Side;

  private constructor(kind: string, id: number, domid: number, side: Side) {
    this.kind = kind;
    this.id = id;
    this.domid = domid;
    this.#side = side;
  }

  /**
   * Finds a device that this domain is to serve. Nothing is changed.
   *
   * @param domain The domain that the program runs in: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @param kind What kind of device it is for this domain: its `backendKind` if it has one.
   * @param domid The domain of the frontend, 0 to 32751 (0x7FEF).
   * @param id Its number among those of the frontend's domain, 0 to 4294967295.
   * @param options A signal that gives the call up.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `no-device` if the toolstack has not made such a device.
   * @throws {StoreError} if XenStore refuses.
   */
  static async open(
    domain: Pick<XenDomain, "store">,
    kind: string,
    domid: number,
    id: number,
    options?: PvCallOptions,
  ): Promise<BackendDevice> {
    const what = "open a device";
    checkDevice(what, kind, id);
    checkDomid(what, domid);
    const { signal } = readOptions(what, options, ["signal"]);
    checkSignal(what, signal);
    const store = await XenStore.open(domain, { signal });
    try {
      const { state, names } = await findFrontend(store, kind, domid, id, signal);
      return new BackendDevice(kind, id, domid, new Side(store, names, state));
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** The state of this side, as this program has left it. */
  get state(): XenbusState {
    return this.#side.state;
  }

  /** The state of the frontend at the last look. */
  get frontendState(): XenbusState {
    return this.#side.peerState.value;
  }

  /** The nodes of this side. */
  get nodes(): DeviceNodes {
    return this.#side.own;
  }

  /** The nodes of the frontend. Check all that is in them: its domain may write anything, at any time. */
  get frontend(): DeviceNodes {
    return this.#side.peer;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#side.closed;
  }

  /**
   * Whether the device is to be offered again after a connection has ended. The toolstack says no when it removes it.
   *
   * @param options A signal that gives the call up.
   * @throws {StoreError} if XenStore refuses.
   */
  async isOnline(options?: PvCallOptions): Promise<boolean> {
    return await isOnline(this.#side, options);
  }

  /**
   * Offers the device: writes what this side can do, goes to `InitWait`, and waits until a frontend has published its
   * ring. If a program was killed in the middle of a connection, ends that first. Frontends that come and go meanwhile
   * are followed.
   *
   * @param nodes What this side can do, by the names of the nodes: `feature-…`, for example.
   * @param options How long to wait for a frontend, and a signal.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `closing` if the toolstack removes the device; `gone` if it has done so; `timed-out`; `closed` if
   * it was closed here.
   * @throws {StoreError} if XenStore refuses.
   */
  async offer(nodes: NodeValues, options?: PvWaitOptions): Promise<void> {
    checkNodes("offer", nodes);
    await offerBackend(this.#side, nodes, options);
  }

  /**
   * Writes nodes of this side and its state, all at once. To tell the frontend that something has changed, such as the
   * size of a disk, publish it with `Connected` again.
   *
   * @param nodes The nodes, by their names: bytes, texts or whole numbers, as {@linkcode XenStore.write} takes them; or
   * `undefined`, to remove one that an earlier program may have left.
   * @param state The state.
   * @param options A signal that gives the call up.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `closing` if the toolstack removes the device, or this program has begun to end the connection
   * meanwhile; `gone` if the device was removed; `taken` if another program has changed the state; `closed` if it was
   * closed here, even meanwhile.
   * @throws {StoreError} if XenStore refuses.
   */
  async publish(nodes: NodeValues, state: XenbusState, options?: PvCallOptions): Promise<void> {
    const what = "publish";
    checkNodes(what, nodes);
    checkState(what, state);
    const side = this.#side;
    await side.change({ what, nodes, state, signal: side.signalOf(what, options), again: true });
  }

  /**
   * Waits until the frontend has a state.
   *
   * @param states The state, or several of which one is enough.
   * @param options How long to wait, and a signal.
   * @returns The state that it has.
   * @throws {PvError} `closing` if the frontend ends the connection, unless `states` has `Closing` or `Closed`; `gone`
   * if the device or the frontend's domain is gone, unless `states` has `Unknown`; `timed-out`; `closed` if it is
   * closed here.
   * @throws {StoreError} if XenStore fails.
   */
  async waitForFrontend(states: XenbusState | readonly XenbusState[], options?: PvWaitOptions): Promise<XenbusState> {
    return await this.#side.waitFor(states, options);
  }

  /**
   * Iterates over the states of the frontend, from the current one on: each time it was written, also if it is the
   * same. Several changes may arrive as one. The last state is `Unknown`, when the folder of either side or the
   * frontend's domain is gone; the loop also ends when it is closed here.
   *
   * @throws {StoreError} if XenStore fails.
   */
  frontendStates(): AsyncIterableIterator<XenbusState> {
    return stateChanges(this.#side);
  }

  /**
   * Ends the connection: has the frontend end its side, and lets go of its memory. A frontend that is gone has ended.
   * To serve the next one, {@linkcode BackendDevice.offer} the device again, if it is still online.
   *
   * @param release Lets go of all memory of the frontend. It is called once the frontend has ended, and before it hears
   * that this side has.
   * @param options How long that may take, and a signal. Once memory is released, the end is not given up any more.
   * @throws {PvError} `timed-out` if the frontend does not follow, before anything was released; `taken` if another
   * program drives the device; `closed` if it is closed here.
   * @throws {StoreError} if XenStore refuses.
   * @throws what `release` throws.
   */
  async end(release?: () => void | PromiseLike<void>, options?: PvWaitOptions): Promise<void> {
    const side = this.#side;
    const what = "end";
    let isReleased = false;
    const releaseOnce = async () => {
      if (isReleased) return;
      isReleased = true;
      await release?.();
    };
    await side.patiently(what, options, DANCE_TIMEOUT, () => nameOf(Closed), async (signal) => {
      await side.unlessGone(async () => {
        await side.change({ what, state: Closing, signal });
        await side.until(what, (state) => state === Unknown || AT_REST.includes(state), signal, true);
        await releaseOnce();
        // Without the signal: a frontend, or the toolstack, waits for this state, and nothing is left to wait for here.
        await side.change({ what, state: Closed, signal: undefined });
      });
      await releaseOnce();
    });
  }

  /**
   * Gives up: writes why into XenStore, where tools look for it, and goes to `Closing`, even if that cannot be written.
   * Then end the connection.
   *
   * @param message What is wrong. XenStore gets its first 1024 bytes.
   * @param options A signal that gives the call up.
   * @throws {TypeError} if the message is no string.
   * @throws {PvError} as {@linkcode BackendDevice.publish}.
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

  /** Closes the device, like {@linkcode BackendDevice.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
