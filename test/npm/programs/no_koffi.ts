/** Node's device backends without koffi: the first use throws an error that says what to install. */

import { GrantError } from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import assert from "node:assert/strict";
import { outcomeOf } from "./tests.ts";

const granting = nodeDomain().grants;
const mapping = nodeDomain().maps;
const outcome = await outcomeOf((test) => {
  for (const [name, use] of Object.entries({ grant: () => granting.open(), map: () => mapping.open() })) {
    test(`open() says to install koffi when it is missing: ${name}`, () => {
      assert.throws(use, (error) => {
        assert(error instanceof GrantError);
        assert.equal(error.code, "unsupported");
        assert(error.message.includes("npm install koffi"), error.message);
        return true;
      });
    });
  }
});
console.log(JSON.stringify(outcome));
