import type { SyntaxNode } from "@lezer/common";
import type { Text } from "@codemirror/state";
import type { ApiSymbol } from "../symbol.ts";

/**
 * Guesses the class or interface of an expression, from the docs of what it is made with. There is no compiler here: it
 * follows names, `new`, calls and `await`.
 */
export function typeOf(node: SyntaxNode, text: Text, symbols: readonly ApiSymbol[], depth = 0): string | undefined {
  if (depth > 16) return undefined;
  const of = (child: SyntaxNode | null) => child === null ? undefined : typeOf(child, text, symbols, depth + 1);
  const written = (child: SyntaxNode) => text.sliceString(child.from, child.to);
  switch (node.name) {
    case ".":
      return of(node.prevSibling);
    case "VariableName":
      return valueOf(node, written(node), text, symbols, depth);
    case "NewExpression":
      return node.getChild("VariableName") === null ? undefined : written(node.getChild("VariableName")!);
    case "UnaryExpression":
    case "AwaitExpression":
    case "ParenthesizedExpression":
      return of(node.lastChild?.name === ")" ? node.lastChild.prevSibling : node.lastChild);
    case "CallExpression":
      return of(node.firstChild);
    case "MemberExpression": {
      const name = node.getChild("PropertyName");
      const owner = of(node.firstChild) ?? (node.firstChild === null ? undefined : written(node.firstChild));
      return name === null
        ? undefined
        : symbols.find((each) => each.of === owner && each.name === written(name))?.gives;
    }
  }
}

/** Guesses the type of a variable, from the declaration with its name that comes last before its use. */
function valueOf(
  use: SyntaxNode,
  name: string,
  text: Text,
  symbols: readonly ApiSymbol[],
  depth: number,
): string | undefined {
  let value: SyntaxNode | undefined;
  let root = use;
  while (root.parent !== null) root = root.parent;
  root.cursor().iterate((node) => {
    if (node.name !== "VariableDefinition" || node.from >= use.from) return;
    if (text.sliceString(node.from, node.to) !== name) return;
    const { nextSibling } = node.node;
    value = nextSibling?.name === "Equals" ? nextSibling.nextSibling ?? undefined : undefined;
  });
  if (value !== undefined) return typeOf(value, text, symbols, depth + 1);
  return symbols.find((each) => each.of === undefined && each.name === name)?.gives;
}
