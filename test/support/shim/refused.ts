/**
 * A program of its own, as its permissions are what matters: imports the backend, makes one of each kind, uses them,
 * and prints as JSON the error that each first use throws.
 *
 * Arguments: the operating system to pretend to run on, or "", and the path of the C library, or none.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { GrantError } from "../../../src/contract/errors.ts";

const [os, libc] = Deno.args;
if (os) Object.defineProperty(Deno, "build", { value: { ...Deno.build, os } });
const options = libc === undefined ? {} : { libc };
const granting = denoDomain(options).grants;
const mapping = denoDomain(options).maps;

const errors = [() => granting.limit(), () => granting.open(), () => mapping.open()].map((use) => {
  try {
    use();
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    const { code, operation, message, cause } = error;
    return { code, operation, message, cause: cause instanceof Error ? cause.name : null };
  }
  return null;
});
console.log(JSON.stringify(errors));
