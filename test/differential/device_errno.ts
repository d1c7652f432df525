import { Errno } from "../../src/contract/errno.ts";
import type { GrantError } from "../../mod.ts";

/** Returns the errno of the device for an error of the library, or `undefined` if the device has no such error. */
export function deviceErrno({ code, operation }: GrantError): number | undefined {
  switch (code) {
    case "limit-reached":
    case "kernel-limit-reached":
    case "table-full":
      return Errno.ENOSPC;
    case "not-found":
      return operation === "free" ? Errno.EINVAL : Errno.ENOENT;
    case "map-refused":
    case "notify-refused":
      return Errno.EINVAL;
    default:
      return undefined;
  }
}
