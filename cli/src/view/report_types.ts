/**
 * Checks that values of JSON are reports. Whoever writes the file may be another domain, or may have made a mistake.
 *
 * @module
 */
import type { AllocationReport, DeviceReport, DrawnDomain, DrawnMachine } from "@gntalloc/gntalloc/pictures";
import { isDomid } from "../domid.ts";

type Check = (value: unknown) => boolean;

const isBoolean: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isLimit: Check = (value) => value === Infinity || isCount(value);
const isAge: Check = (value) => Number.isFinite(value) && (value as number) >= 0;
const isReference: Check = (value) => isCount(value) && (value as number) <= 0xffff_ffff;
const isText: Check = (value) => typeof value === "string";
const optional = (check: Check): Check => (value) => value === undefined || check(value);
const list = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);

/** A check of each field of a type. */
function object<Type>(fields: { readonly [Name in keyof Type]-?: Check }): Check {
  return (value) =>
    typeof value === "object" && value !== null &&
    Object.entries<Check>(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]));
}

const isAnything = object<object>({});

const isGrant = object<DrawnDomain["grants"][number]>({
  gref: isReference,
  domid: isDomid,
  writable: isBoolean,
  process: optional(isCount),
  held: isBoolean,
  mapped: isBoolean,
  voided: isBoolean,
});

/** Grants are listed by ascending reference. */
const isAscending: Check = (value) =>
  (value as DrawnDomain["grants"]).every(({ gref }, index, grants) => index === 0 || grants[index - 1]!.gref <= gref);

const isDomain = object<DrawnDomain>({
  domid: isDomid,
  destroyed: isBoolean,
  limit: isLimit,
  counted: isCount,
  processes: list(isAnything),
  grants: (value) => list(isGrant)(value) && isAscending(value),
  mappings: list(object<DrawnDomain["mappings"][number]>({
    writable: isBoolean,
    pages: list(object<{ domid: number; gref: number }>({ domid: isDomid, gref: isReference })),
  })),
  ports: list(object<DrawnDomain["ports"][number]>({
    port: isCount,
    domid: optional(isDomid),
    remotePort: optional(isCount),
    virq: optional(isCount),
    voided: isBoolean,
  })),
  connections: list(isAnything),
});

const isAllocation: Check = (value) =>
  object<AllocationReport>({
    domid: isDomid,
    writable: isBoolean,
    page: isCount,
    pages: isCount,
    grefs: list(isReference),
    mappings: isCount,
    freed: isCount,
    freedPages: list(isCount),
    age: isAge,
    stack: isText,
  })(value) && (value as AllocationReport).grefs.length === (value as AllocationReport).pages;

const isDevice = object<DeviceReport>({
  limit: optional(isLimit),
  live: isCount,
  listed: isCount,
  mapped: isCount,
  pending: isCount,
  freedMapped: isCount,
  allocators: list(object<DeviceReport["allocators"][number]>({
    live: isCount,
    listed: isCount,
    mappings: isCount,
    next: isCount,
  })),
  allocations: optional(list(isAllocation)),
});

/** Whether a value is what `inspect()` of a `MockXen` returns. */
export const isMachineReport = object<DrawnMachine>({ domains: list(isDomain) }) as (
  value: unknown,
) => value is DrawnMachine;

/** Whether a value is what `inspect()` of a `GrantDevice` returns. */
export const isDeviceReport = isDevice as (value: unknown) => value is DeviceReport;
