import { GrantError } from "../../src/contract/errors.ts";
import { thrown } from "./thrown.ts";

/** Returns the `GrantError` that an action throws. Any other error passes through. */
export function grantError(action: () => unknown): GrantError {
  const error = thrown(action);
  if (error instanceof GrantError) return error;
  throw error;
}
