/**
 * Uses the device backend of Node where its flags forbid that, and prints the code and message of the error as JSON.
 */

import { GrantError } from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";

try {
  nodeDomain().grants.open();
} catch (error) {
  if (!(error instanceof GrantError)) throw error;
  console.log(JSON.stringify([error.code, error.message]));
}
