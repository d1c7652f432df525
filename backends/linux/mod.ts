/**
 * The devices of Linux over a few calls of the C library, whatever runtime makes them.
 *
 * @module
 */

export { linuxEventBackend } from "./events.ts";
export { linuxGrantBackend } from "./grants.ts";
export { linuxMapBackend } from "./maps.ts";
