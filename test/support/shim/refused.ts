/**
 * A program for tests of permissions: imports the backend, uses it, and prints as JSON the errors that the first uses
 * throw.
 *
 * Arguments, both optional: the operating system to pretend to run on, or `""`, and the path of the C library.
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
