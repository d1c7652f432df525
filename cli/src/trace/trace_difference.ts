import type { TraceCall } from "@gntalloc/gntalloc/record";

/** The first call in which two traces differ. */
export interface TraceDifference {
  /** The calls as they are in the traces; `undefined` where one has ended. */
  readonly one: TraceCall | undefined;
  readonly other: TraceCall | undefined;
}

/** The fields that name something by a number that the system chose. */
const CHOSEN = new Map([["gref", "gref"], ["grefs", "gref"], ["port", "port"], ["remotePort", "port"], [
  "ports",
  "port",
], ["eventPort", "port"]]);
/** The fields that do not matter. */
const IGNORED = new Set(["line", "backend", "message", "errno"]);

/**
 * Finds the first call in which two traces differ. References and ports count as the same if they come in the same
 * places, and errors by their code; marks do not count.
 */
export function differenceOf(one: readonly TraceCall[], other: readonly TraceCall[]): TraceDifference | undefined {
  const isCall = ({ call }: TraceCall) => call !== "mark";
  const [left, right] = [one.filter(isCall), other.filter(isCall)];
  const [leftNames, rightNames] = [new Names(), new Names()];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const pair = { one: left[index], other: right[index] };
    if (pair.one === undefined || pair.other === undefined) return pair;
    if (leftNames.write(pair.one) !== rightNames.write(pair.other)) return pair;
  }
}

/** Writes calls with references and ports as they come: the first one is 1, whatever its number. */
class Names {
  readonly #numbers = new Map<string, number>();

  write(call: TraceCall): string {
    return JSON.stringify(this.#named(call, undefined));
  }

  #named(value: unknown, kind: string | undefined): unknown {
    if (typeof value === "number" && kind !== undefined) {
      const key = `${kind} ${value}`;
      const number = this.#numbers.get(key) ?? this.#numbers.size + 1;
      this.#numbers.set(key, number);
      return `${kind} ${number}`;
    }
    if (Array.isArray(value)) return value.map((item) => this.#named(item, kind));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).filter(([key]) => !IGNORED.has(key)).map((
        [key, item],
      ) => [key, this.#named(item, CHOSEN.get(key))]),
    );
  }
}
