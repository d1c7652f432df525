/** How many items of a list, and how many values in all, are shown. */
const MOST_ITEMS = 64;
const MOST_VALUES = 1000;
const MOST_DEPTH = 3;
/** How long the text of a value may be. */
const MOST_TEXT = 9000;

/** Cuts a text to a length that a page can show. */
export function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}… ${text.length - MOST_TEXT} more characters` : text;
}

/** Shows a value as `console.log` does, in short. It throws nothing, whatever the value throws when it is looked at. */
export function shown(value: unknown): string {
  try {
    return cut(typeof value === "string" ? value : new Printer().show(value, 0));
  } catch {
    return "a value that cannot be shown";
  }
}

class Printer {
  #values = 0;

  show(value: unknown, depth: number): string {
    if (++this.#values > MOST_VALUES) return "…";
    if (typeof value === "string") return JSON.stringify(cut(value));
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "function") return `[function ${value.name}]`;
    if (typeof value !== "object" || value === null) return String(value);
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (depth > MOST_DEPTH) return "…";
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return this.#list(value as Uint8Array, depth);
    if (Array.isArray(value)) return this.#list(value, depth);
    const all = Object.entries(value);
    const entries = all.slice(0, MOST_ITEMS).map(([name, each]) => `${cut(name)}: ${this.show(each, depth + 1)}`);
    if (entries.length === 0) return `${value.constructor?.name ?? "Object"} {}`;
    return `{ ${joined(entries, all.length)} }`;
  }

  #list(items: ArrayLike<unknown>, depth: number): string {
    const some = Array.from(
      { length: Math.min(items.length, MOST_ITEMS) },
      (_, index) => this.show(items[index], depth + 1),
    );
    return `[${joined(some, items.length)}]`;
  }
}

function joined(some: readonly string[], all: number): string {
  return [...some, ...(all > some.length ? [`… ${all - some.length} more`] : [])].join(", ");
}
