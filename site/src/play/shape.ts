/** Whether a value has a certain shape. The types of what another side sends promise nothing. */
export type Shape = (value: unknown) => boolean;

/** How long a text may be that is shown. */
export const MOST_TEXT = 10_000;

export const isFlag: Shape = (value) => typeof value === "boolean";
export const isNumber: Shape = (value) => typeof value === "number";
export const isBytes: Shape = (value) => value instanceof Uint8Array && value.length <= 4096;
export const isText: Shape = (value) => typeof value === "string" && value.length <= MOST_TEXT;

/** A value of a shape, or `undefined`. */
export function maybe(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

/** An array of values of a shape. */
export function listOf(shape: Shape, most: number): Shape {
  return (value) => Array.isArray(value) && value.length <= most && value.every(shape);
}

/** An object that has certain properties. */
export function having(properties: Readonly<Record<string, Shape>>): Shape {
  const all = Object.entries(properties);
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    return all.every(([name, shape]) => shape((value as Record<string, unknown>)[name]));
  };
}
