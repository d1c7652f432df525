import type { StoreNode } from "../protocol.ts";
import { badge, element, more } from "./dom.ts";

/** What programs write: the rest is there in every domain, as the toolstack makes it. */
const OF_PROGRAMS = /^\/local\/domain\/\d+\/(data|backend|device(?!\/suspend\b))\/.|^\/(?!local\b|vm\b|libxl\b|tool\b)/;

const MOST_NODES = 100;
/** How much of a path or a value is shown, in characters. */
const MOST_TEXT = 256;

/** Shows the nodes of XenStore that programs have written, by folders, and marks those that are new or have changed. */
export function storeView(nodes: readonly StoreNode[], before: readonly StoreNode[]): HTMLElement {
  const shown = nodes.filter(({ path }) => OF_PROGRAMS.test(path));
  if (shown.length === 0) {
    const why = nodes.length === 0 ? "nobody is connected" : "nothing but what every domain has";
    return element("p", { class: "none" }, why);
  }
  const old = new Map(before.map(({ path, value }) => [path, value]));
  const folders = Map.groupBy(shown.slice(0, MOST_NODES), ({ path }) => path.slice(0, path.lastIndexOf("/")));
  const rest = nodes.length - shown.length;
  return element(
    "div",
    {},
    ...[...folders].flatMap(([folder, inside]) => [
      element("h3", {}, `${cut(folder)}/`),
      element(
        "ul",
        {},
        ...inside.map(({ path, value }) =>
          element(
            "li",
            { class: old.get(path) === value ? "" : "changed" },
            cut(path.slice(folder.length + 1)),
            value !== "" && element("b", {}, ` = ${cut(value)}`),
            old.get(path) !== value && badge(old.has(path) ? "changed" : "new"),
          )
        ),
      ),
    ]),
    more(shown.length - MOST_NODES),
    element("p", { class: "rest" }, `and ${rest} nodes that every domain has`),
  );
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}
