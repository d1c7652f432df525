/**
 * The states of the two sides of a device, as Xen's public header `io/xenbus.h` numbers them. Each side writes its own
 * into XenStore, and watches that of the other.
 *
 * | state | a frontend | a backend |
 * |---|---|---|
 * | `Unknown` | there is no node | there is no node |
 * | `Initialising` | waits for the backend's offer | is setting itself up |
 * | `InitWait` | – | has made its offer, and waits for the frontend |
 * | `Initialised` | has published its ring | – |
 * | `Connected` | works | works |
 * | `Closing` | wants to end, or sees that the other side does | likewise |
 * | `Closed` | has ended | has ended, and has unmapped everything |
 * | `Reconfiguring`, `Reconfigured` | used by few kinds of devices | likewise |
 */
export const XenbusState = {
  Unknown: 0,
  Initialising: 1,
  InitWait: 2,
  Initialised: 3,
  Connected: 4,
  Closing: 5,
  Closed: 6,
  Reconfiguring: 7,
  Reconfigured: 8,
} as const;

/** A state of one side of a device. */
export type XenbusState = (typeof XenbusState)[keyof typeof XenbusState];

const NAMES = Object.keys(XenbusState) as (keyof typeof XenbusState)[];

/** A state for messages: "Connected (4)". */
export function nameOf(state: XenbusState): string {
  return `${NAMES[state]} (${state})`;
}

/** Reads a state. What is no state is unknown, as it is for Linux. */
export function stateOf(text: string | undefined): XenbusState {
  return text !== undefined && /^[0-8]$/.test(text) ? Number(text) as XenbusState : XenbusState.Unknown;
}

/** Whether a state is one on the way to the end, or the end. */
export function isEnd(state: XenbusState): boolean {
  return state === XenbusState.Closing || state === XenbusState.Closed;
}

/** Whether a value is a state that a side can take. */
export function isState(value: unknown): value is XenbusState {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < NAMES.length;
}
