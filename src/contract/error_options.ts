import { checkText } from "./checks.ts";
import { checkPlainObject, readOptions } from "./options.ts";

/** What all errors of this library carry besides their message. */
interface CommonOptions extends ErrorOptions {
  code: string;
  operation: string;
}

/**
 * Reads the options of an error.
 *
 * @param name The class of the error.
 * @param names The names of the options that only this class has.
 * @returns The options, and what `Error` takes of them.
 * @throws {TypeError} if they are no options of this class, or have no code or no operation.
 */
export function readErrorOptions<Options extends CommonOptions>(
  name: string,
  options: Options,
  ...names: readonly (keyof Options & string)[]
): { given: Options; cause: ErrorOptions | undefined } {
  const what = `create a ${name}`;
  checkPlainObject(what, options, "the options");
  const given = readOptions(what, options, ["code", "operation", ...names, "cause"]) as Options;
  checkText(what, "`code`", given.code);
  checkText(what, "`operation`", given.operation);
  return { given, cause: "cause" in given ? { cause: given.cause } : undefined };
}
