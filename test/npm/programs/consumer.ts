/** Uses the types of every part of the package, under the strictest compiler options. */

import { GrantDevice, GrantError, type GrantErrorCode, GrantMapper, type WritableMapping } from "@gntalloc/gntalloc";
import { PAGE_SIZE } from "@gntalloc/gntalloc/backend";
import { grantsConformance } from "@gntalloc/gntalloc/conformance";
import { denoDomain } from "@gntalloc/gntalloc/deno";
import * as faults from "@gntalloc/gntalloc/faults";
import { metrics, type MetricsOptions, type ObservingMeter } from "@gntalloc/gntalloc/metrics";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import { drawDevice, drawXen, type PictureOptions } from "@gntalloc/gntalloc/pictures";
import { FrontendDevice, GrantPool, PvError, type PvErrorCode, type XenbusState } from "@gntalloc/gntalloc/pv";
import * as record from "@gntalloc/gntalloc/record";
import { type Vchan, VchanError, type VchanErrorCode, VchanServer } from "@gntalloc/gntalloc/vchan";
import { StoreError, type StoreTransaction, XenStore } from "@gntalloc/gntalloc/xenstore";

const xen = new MockXen({ profile: "linux-6.1" });
using device = new GrantDevice(xen.domain(1), { limit: 8 });
using pages = device.open().allocate(0, { writable: true });
using ours: WritableMapping = pages.map();
const bytes: Uint8Array<ArrayBuffer> = ours.bytes;
using mapper = new GrantMapper(nodeDomain({ libc: "libc.so.6" }));

// @ts-expect-error: a domid is a number
device.open().allocate("0");
// @ts-expect-error: a read-only mapping has no bytes
mapper.map(0, pages.grefs).bytes;

export const code: GrantErrorCode = new GrantError("", { code: "busy", operation: "open" }).code;
export const size: number = bytes.length / PAGE_SIZE;
export const own = (transaction: StoreTransaction): Promise<number> => transaction.readNumber("domid");
export const vchanCode: VchanErrorCode = new VchanError("", { code: "closed", operation: "read" }).code;
export const readByHand = (vchan: Vchan): Promise<number | null> => vchan.read(new Uint8Array(1));
export const measured = (options: MetricsOptions): string => metrics(device, options);
export type AnyMeter = ObservingMeter<unknown>;
export const drawn = (options: PictureOptions): string[] => [
  drawXen(xen.inspect(), options),
  drawDevice(device.inspect(), options),
];
export const pvCode: PvErrorCode = new PvError("", { code: "closed", operation: "start" }).code;
export const backendState = (device: FrontendDevice): XenbusState => device.backendState;
export const pool: GrantPool = new GrantPool(device.open(), 0, { pages: 4 });
export { denoDomain, faults, FrontendDevice, grantsConformance, nodeDomain, record, StoreError, VchanServer, XenStore };
