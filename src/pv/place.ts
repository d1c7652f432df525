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
}

const KIND = /^[A-Za-z0-9_-]+$/;

/** Throws unless values can name a device. */
export function checkDevice(what: string, kind: unknown, id: unknown): void {
  checkText(what, "`kind`", kind as string);
  if (!KIND.test(kind as string)) {
    throw new RangeError(
      `Cannot ${what} as \`kind\` must be a name of the characters A-Z, a-z, 0-9, - and _: current value is ${
        show(kind)
      }`,
    );
  }
  checkInteger(what, "`id`", id, 0, MAX_UINT32);
}

/** Throws unless values can name a device and its domains. */
export function checkPlace(what: string, { kind, id, frontend, backend }: Partial<DevicePlace>): void {
  checkDevice(what, kind, id);
  checkDomid(what, frontend, "`frontend`");
  checkDomid(what, backend, "`backend`");
}

/** The folder of the frontend's nodes. */
export function frontendPath({ kind, id, frontend }: Pick<DevicePlace, "kind" | "id" | "frontend">): string {
  return `/local/domain/${frontend}/device/${kind}/${id}`;
}

/** The folder of the backend's nodes. */
export function backendPath({ kind, id, frontend, backend }: DevicePlace): string {
  return `/local/domain/${backend}/backend/${kind}/${frontend}/${id}`;
}
