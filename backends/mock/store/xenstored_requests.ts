import { StoreMessage } from "../../../src/contract/store_wire.ts";

/** The requests that only domain 0 may make: CONTROL, INTRODUCE, RELEASE, IS_DOMAIN_INTRODUCED, RESUME, SET_TARGET. */
export function isForDomain0(type: number): boolean {
  return type === 0 || type === StoreMessage.INTRODUCE || type === StoreMessage.RELEASE ||
    type >= StoreMessage.IS_DOMAIN_INTRODUCED && type <= StoreMessage.SET_TARGET;
}

/** Whether a request is one that is simulated. Those that connect domains are not. */
export function isKnown(type: number): boolean {
  return type > 0 && type <= StoreMessage.DIRECTORY_PART && type !== StoreMessage.INTRODUCE &&
    type !== StoreMessage.RELEASE && type !== StoreMessage.WATCH_EVENT && type !== StoreMessage.ERROR &&
    (type <= StoreMessage.IS_DOMAIN_INTRODUCED || type >= StoreMessage.RESET_WATCHES);
}
