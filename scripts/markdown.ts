/** Finds links and code in Markdown. */

import { fromMarkdown } from "mdast-util-from-markdown";

type Node = ReturnType<typeof fromMarkdown> | ReturnType<typeof fromMarkdown>["children"][number];

/** A link or an image. */
interface Link {
  readonly url: string;
  /** Where its Markdown starts and ends in the document. */
  readonly start: number;
  readonly end: number;
}

/** A fenced block of code. */
export interface Snippet {
  /** The words behind the fence, such as `["ts", "ignore", "main.ts"]`. */
  readonly info: readonly string[];
  readonly code: string;
}

/** Visits a node and everything in it, in the order of the document. */
function* nodesIn(node: Node): Generator<Node> {
  yield node;
  if ("children" in node) { for (const child of node.children) yield* nodesIn(child as Node); }
}

/** Lists the links and images of a document. */
export function linksIn(markdown: string): Link[] {
  return [...nodesIn(fromMarkdown(markdown))].flatMap((node) => {
    if (node.type !== "link" && node.type !== "image" && node.type !== "definition") return [];
    const { start, end } = node.position!;
    return [{ url: node.url, start: start.offset!, end: end.offset! }];
  });
}

/** Lists the fenced blocks of code of a document. */
export function snippetsIn(markdown: string): Snippet[] {
  return [...nodesIn(fromMarkdown(markdown))].flatMap((node) => {
    if (node.type !== "code") return [];
    const info = [node.lang, ...(node.meta ?? "").split(/\s+/)].filter((word) =>
      typeof word === "string" && word !== ""
    );
    return [{ info: info as string[], code: node.value }];
  });
}
