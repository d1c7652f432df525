/**
 * The devices of Linux over a few calls of the C library, whatever runtime makes them.
 *
 * @module
 */

export { linuxEventBackend } from "./linux/events.ts";
export { linuxGrantBackend } from "./linux/grants.ts";
export { linuxMapBackend } from "./linux/maps.ts";
