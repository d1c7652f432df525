import { GrantError } from "../../src/contract/errors.ts";

/** Returns the `GrantError` that an action throws. Any other error passes through. */
export function grantError(action: () => unknown): GrantError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrantError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
