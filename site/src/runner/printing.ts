/** Shows a value as `console.log` does, in short. */
export function shown(value: unknown, depth = 0): string {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `[${list([...value as Uint8Array], depth)}]`;
  if (Array.isArray(value)) return `[${list(value, depth)}]`;
  if (depth > 3) return "…";
  const entries = Object.entries(value).map(([name, each]) => `${name}: ${shown(each, depth + 1)}`);
  return entries.length === 0 ? `${value.constructor?.name ?? "Object"} {}` : `{ ${entries.join(", ")} }`;
}

const MOST_ITEMS = 64;

function list(items: readonly unknown[], depth: number): string {
  const some = items.slice(0, MOST_ITEMS).map((item) => shown(item, depth + 1));
  return [...some, ...(items.length > MOST_ITEMS ? [`… ${items.length - MOST_ITEMS} more`] : [])].join(", ");
}
