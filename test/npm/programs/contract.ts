/** A backend of a third party, which throws errors of the contract and needs nothing else of the package. */

import { GrantError, PAGE_SIZE } from "@gntalloc/gntalloc/backend";
import assert from "node:assert/strict";

const error = new GrantError("the device is busy", { code: "busy", operation: "open" });
assert.equal(error.code, "busy");
assert(error instanceof Error);
assert.equal(PAGE_SIZE, 4096);
