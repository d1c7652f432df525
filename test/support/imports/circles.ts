import type { ImportGraph } from "./graph.ts";

/**
 * Finds circles of imports.
 *
 * @returns A shortest circle through each module that is in one, but each circle once: `a.ts → b.ts → a.ts`.
 */
export function circles(graph: ImportGraph): string[] {
  const found = new Map<string, string>();
  for (const start of graph.keys()) {
    const circle = shortestCircle(graph, start);
    if (circle === undefined) continue;
    const key = circle.toSorted().join();
    if (!found.has(key)) found.set(key, [...circle, start].join(" → "));
  }
  return [...found.values()];
}

/** Searches the shortest way from a module back to itself, by breadth. */
function shortestCircle(graph: ImportGraph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const target of graph.get(path) ?? []) {
      if (target === start) return wayTo(path, start, cameFrom);
      if (cameFrom.has(target) || !graph.has(target)) continue;
      cameFrom.set(target, path);
      queue.push(target);
    }
  }
}

function wayTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [end];
  while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!);
  return way;
}
