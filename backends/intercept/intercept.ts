import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { checkBackend, DOMAINS, show } from "../../src/contract/checks.ts";
import type { DomainPart, XenDomain } from "../../src/contract/backend.ts";
import { ARGUMENTS, type Call, type ObjectName, PARTS, SHAPES } from "./calls.ts";

/**
 * Intercepts each call: returns what the caller gets, or throws it.
 *
 * @param call The call.
 * @param proceed Makes the call on the inner object, and returns its answer unwrapped.
 */
export type Interceptor = <T>(call: Call, proceed: () => T) => T;

type Method = (...args: unknown[]) => unknown;

/** A backend, a file or memory, whatever its interface. */
type Target = Record<string, unknown>;

/**
 * Wraps the backends of a domain, the files that they open and the memory that they map, so that each call goes through
 * an interceptor. Wraps the parts that are present, and does not change the domain itself. Its `isAlive` is passed
 * through.
 *
 * @param what What would be done, for the message: "record".
 * @throws {TypeError} if the domain has no part, or one that is not a backend.
 */
export function intercept<Part extends keyof XenDomain>(
  what: string,
  domain: Pick<XenDomain, Part>,
  interceptor: Interceptor,
): Pick<XenDomain, Part> {
  const wrapped: Partial<Record<keyof XenDomain, unknown>> = {};
  const backends = Object.entries(readParts(what, domain, "the domain")) as [DomainPart, unknown][];
  for (const [part, backend] of backends) wrapped[part] = wrap(PARTS[part], backend as Target, interceptor);
  const { isAlive } = domain as Partial<XenDomain>;
  if (typeof isAlive === "function") wrapped.isAlive = (domid: number) => isAlive.call(domain as XenDomain, domid);
  return wrapped as Pick<XenDomain, Part>;
}

/**
 * Reads the parts of a domain that are present, each once.
 *
 * @param what What would be done with them, for the message: "record".
 * @param name What the domain is called in messages.
 * @throws {TypeError} if there is no part, or one is not a backend.
 */
export function readParts(what: string, domain: unknown, name: string): Partial<XenDomain> {
  const parts: Partial<Record<keyof XenDomain, unknown>> = {};
  for (const part of Object.keys(PARTS) as DomainPart[]) {
    const backend: unknown = (Object(domain) as Partial<XenDomain>)[part];
    if (backend === undefined) continue;
    const methods = Object.keys(ARGUMENTS[PARTS[part]]) as "open"[];
    parts[part] = checkBackend(what, { [part]: backend }, part, methods);
  }
  if (Object.keys(parts).length > 0) return parts as Partial<XenDomain>;
  const names = Object.keys(PARTS).map((part) => `\`${part}\``).join(", ");
  throw new ArgumentTypeError(
    `Cannot ${what} as ${name} must have at least one of ${names}: current value is ${show(domain)}. ${DOMAINS}`,
  );
}

function wrap(object: ObjectName, target: Target, interceptor: Interceptor, from?: Call): Target {
  const { part, properties, returns } = SHAPES[object];
  const backend = from ? from.backend : target;
  const wrapped: Target = {};
  for (const property of properties) {
    // Read only when the caller reads it, because reading may throw.
    const get = () => target[property];
    if (property in target) Object.defineProperty(wrapped, property, { get, enumerable: true });
  }
  for (const [method, named] of Object.entries(ARGUMENTS[object])) {
    // A missing method stays missing: either it is optional, or the library refuses the object.
    if (typeof target[method] !== "function") continue;
    wrapped[method] = (...args: unknown[]) => {
      const call = {
        name: `${object}.${method}`,
        method,
        part,
        backend,
        target,
        from,
        args: (named as Method)(...args),
      } as unknown as Call;
      const answer = interceptor(call, () => Reflect.apply(target[method] as Method, target, args));
      const returned = returns[method];
      // The library refuses an answer that is not an object.
      return returned && typeof answer === "object" && answer !== null
        ? wrap(returned, answer as Target, interceptor, call)
        : answer;
    };
  }
  return wrapped;
}
