/**
 * What `console.log`, `util.inspect`, `Deno.inspect`, `JSON.stringify` and the diffs of vitest and jest show of a
 * handle. They cannot see private fields, and would show `PageMapping {}`.
 *
 * @module
 */

const NODE = Symbol.for("nodejs.util.inspect.custom");
const DENO = Symbol.for("Deno.customInspect");
/** Lists the properties that jest copies. */
const JEST = Symbol.for("@jest/serializableProperties");

/** How many entries of a list are shown. */
export const SHOWN = 8;

/**
 * Shows the instances of a class under a public name, with the given properties. Call it in a static block of the
 * class, where `describe` may read private fields.
 *
 * The methods are added here instead of declared in the class, so that they are not part of its public type.
 *
 * @example
 * ```ts ignore
 * class BoundChannel {
 *   static {
 *     showAs(BoundChannel, "EventChannel", (channel) => ({ port: channel.#port, closed: channel.#closed }));
 *   }
 * }
 * ```
 *
 * @param type The class.
 * @param name The name under which it is exported, which also becomes the name of the class.
 * @param describe Returns what to show. It must not call a backend. If it throws, only the name is shown.
 */
export function showAs<Handle extends object>(
  type: { readonly prototype: Handle },
  name: string,
  describe: (handle: Handle) => object,
): void {
  // What is shown is an object whose class has the same name.
  class Shown {}
  for (const named of [type, Shown]) Object.defineProperty(named, "name", { value: name, configurable: true });

  const show = (handle: Handle): Shown => {
    try {
      return Object.assign(new Shown(), describe(handle));
    } catch {
      // It is not an instance, but the prototype or a proxy.
      return new Shown();
    }
  };
  const methods = {
    [NODE](this: Handle): Shown {
      return show(this);
    },
    [DENO](this: Handle, inspect: (value: unknown, options: unknown) => string, options: unknown): string {
      return inspect(show(this), options);
    },
  };
  for (const key of [NODE, DENO] as const) {
    Object.defineProperty(type.prototype, key, { value: methods[key], configurable: true, writable: true });
  }
  // jest shows a copy of any object, without its private fields. It would copy the result of every getter, but some
  // throw. So it copies only this method, which is bound to the handle.
  Object.defineProperty(type.prototype, "toJSON", {
    get(this: Handle) {
      return () => show(this);
    },
    configurable: true,
  });
  Object.defineProperty(type.prototype, JEST, { value: Object.freeze(["toJSON"]), configurable: true });
  // vitest shows a copy, too, but only of objects without a tag. Error messages also name a handle by its tag.
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

/**
 * A list as it is shown: its first entries, and how many more there are.
 *
 * @param length The length of the whole list, of which `list` needs to have only the first {@linkcode SHOWN} entries.
 */
export function shorten<Entry>(list: readonly Entry[], length: number = list.length): (Entry | string)[] {
  return length <= SHOWN ? [...list] : [...list.slice(0, SHOWN), `… ${length - SHOWN} more`];
}
