/**
 * Draws what a program holds as SVG: {@linkcode drawDevice} draws what `inspect()` of a `GrantDevice` returns, and
 * {@linkcode drawXen} what that of a `MockXen` does. {@linkcode mappersOf} finds who maps whose pages, and
 * {@linkcode describePort} says what a port is for.
 *
 * @module
 */
export {
  type AllocationFacts,
  type AllocationReport,
  type AllocatorReport,
  type DeviceReport,
} from "../grants/reports.ts";
export { drawDevice } from "./device.ts";
export { mappersOf } from "./links.ts";
export { type DrawnDomain, type DrawnGrant, type DrawnMachine, type DrawnMapping, type DrawnPort } from "./machine.ts";
export { type PictureOptions } from "./options.ts";
export { describePort } from "./words.ts";
export { drawXen } from "./xen.ts";
