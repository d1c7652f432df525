import { ArgumentRangeError } from "../contract/argument_error.ts";
import { checkDomid, checkInteger, checkText, show } from "../contract/checks.ts";
import { MAX_UINT32 } from "../contract/limits.ts";

/** Which device, between which domains. */
export interface DevicePlace {
  /** What kind of device it is: `vbd` for a disk, `vif` for a network card, for example. */
  readonly kind: string;
  /** Its number among those of the frontend's domain. */
  readonly id: number;
  /** The domain of the frontend. */
  readonly frontend: number;
  /** The domain of the backend. */
  readonly backend: number;
  /**
   * What kind of device it is for the backend's domain, if its backend is a program. The kernel there takes every
   * backend of the kinds that it knows: with `kind: "vbd"` alone, a program and Linux's `xen-blkback` would both serve
   * the disk. Frontends do not see it.
   *
   * @default {the `kind`}
   */
  readonly backendKind?: string | undefined;
}

const KIND = /^[A-Za-z0-9_-]+$/;

/** Throws unless values can name a device. */
export function checkDevice(what: string, kind: unknown, id: unknown): void {
  checkKind(what, "`kind`", kind);
  checkInteger(what, "`id`", id, 0, MAX_UINT32);
}

function checkKind(what: string, name: string, kind: unknown): void {
  checkText(what, name, kind as string);
  if (KIND.test(kind as string)) return;
  throw new ArgumentRangeError(
    `Cannot ${what} as ${name} must be a name of the characters A-Z, a-z, 0-9, - and _: current value is ${show(kind)}`,
  );
}

/** Throws unless values can name a device and its domains. */
export function checkPlace(what: string, place: Partial<DevicePlace>): void {
  const { kind, id, frontend, backend, backendKind } = place;
  checkDevice(what, kind, id);
  if (backendKind !== undefined) checkKind(what, "`backendKind`", backendKind);
  checkDomid(what, frontend, "`frontend`");
  checkDomid(what, backend, "`backend`");
}

/** The folder of the frontend's nodes. */
export function frontendPath({ kind, id, frontend }: Pick<DevicePlace, "kind" | "id" | "frontend">): string {
  return `/local/domain/${frontend}/device/${kind}/${id}`;
}

/** The folder of the backend's nodes. */
export function backendPath({ kind, id, frontend, backend, backendKind = kind }: DevicePlace): string {
  return `/local/domain/${backend}/backend/${backendKind}/${frontend}/${id}`;
}
