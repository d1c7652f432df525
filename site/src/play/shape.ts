/** How long a text may be that is shown. */
export const MOST_TEXT = 10_000;
const MOST_BYTES = 4096;
/** How many characters, and how many bytes, cost as much as a number: a page lays out texts, and only copies bytes. */
const CHARACTERS_FOR_ONE = 16;
const BYTES_FOR_ONE = 64;

/** A value does not have its shape, or is larger than a page can show. */
export class ShapeError extends Error {}

/** How much of a value was read. What is in it twice counts twice, though it was sent once. */
export class Meter {
  readonly #most: number;
  /** One for each value, for each entry of a list, and for so many characters or bytes. */
  cost = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws {ShapeError} if that is too much. */
  add(cost: number): void {
    this.cost += cost;
    if (this.cost > this.#most) throw new ShapeError(`a value costs more than ${this.#most}`);
  }
}

/**
 * Reads a value of a certain shape, of which the types of what another side sends promise nothing. What it returns is a
 * copy: so nothing stays that the other side has hidden in it.
 *
 * @throws {ShapeError} if it has another shape.
 */
export type Shape<Value> = (value: unknown, meter: Meter) => Value;

/** A value that passes a check, and costs one and what its size adds. */
function checked<Value>(is: (value: unknown) => value is Value, costOf: (value: Value) => number): Shape<Value> {
  return (value, meter) => {
    if (!is(value)) throw new ShapeError("a value has another shape");
    meter.add(1 + costOf(value));
    return value;
  };
}

export const flag: Shape<boolean> = checked((value) => typeof value === "boolean", () => 0);
/** A whole number. */
export function wholeFrom(least: number): Shape<number> {
  return checked(
    (value): value is number => Number.isSafeInteger(value) && (value as number) >= least,
    () => 0,
  );
}
export const text: Shape<string> = checked(
  (value): value is string => typeof value === "string" && value.length <= MOST_TEXT,
  ({ length }) => length / CHARACTERS_FOR_ONE,
);
/** The bytes of a page. A small part of a large buffer has the buffer sent. */
const page = checked(
  (value): value is Uint8Array => value instanceof Uint8Array && value.buffer.byteLength <= MOST_BYTES,
  ({ length }) => length / BYTES_FOR_ONE,
);
export const bytes: Shape<Uint8Array> = (value, meter) => new Uint8Array(page(value, meter));

/** A value of which the page makes more than it holds. */
export function costing<Value>(cost: number, shape: Shape<Value>): Shape<Value> {
  return (value, meter) => {
    meter.add(cost);
    return shape(value, meter);
  };
}

/** A text that is one of some. */
export function oneOf<Value extends string>(...texts: readonly Value[]): Shape<Value> {
  return checked((value): value is Value => texts.includes(value as Value), () => 0);
}

/** A value of a shape, or `undefined`. */
export function maybe<Value>(shape: Shape<Value>): Shape<Value | undefined> {
  return (value, meter) => value === undefined ? undefined : shape(value, meter);
}

/** An array of values of a shape. */
export function listOf<Value>(shape: Shape<Value>, most = Infinity): Shape<Value[]> {
  return (value, meter) => {
    if (!Array.isArray(value) || value.length > most) throw new ShapeError("a value is no list, or too long");
    meter.add(1 + value.length);
    // It may have other properties, which took their time to arrive.
    if (Object.keys(value).length !== value.length) throw new ShapeError("a list has other properties");
    return Array.from(value, (each) => shape(each, meter));
  };
}

/** An object that has certain properties, and no others. */
export function having<Value extends object>(
  shapes: { readonly [Name in keyof Value]-?: Shape<Value[Name]> },
): Shape<Value> {
  const names = Object.keys(shapes) as (keyof Value & string)[];
  return (value, meter) => {
    if (typeof value !== "object" || value === null) throw new ShapeError("a value is no object");
    if (Object.keys(value).some((name) => !Object.hasOwn(shapes, name))) {
      throw new ShapeError("an object has other properties");
    }
    meter.add(1);
    const copy: Partial<Value> = {};
    for (const name of names) copy[name] = shapes[name]((value as Partial<Value>)[name], meter);
    return copy as Value;
  };
}
