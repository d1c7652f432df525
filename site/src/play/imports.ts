import type { SyntaxNode } from "@lezer/common";
import { ProgramError } from "./program_error.ts";

/**
 * Turns `import { a as b } from "c"` into `const { a: b } = …`, and keeps its number of lines.
 *
 * @param node The declaration.
 * @throws {ProgramError} if it is of another form, such as one with two parts.
 */
export function importFrom(program: string, node: SyntaxNode, line: number): string {
  const textOf = ({ from, to }: SyntaxNode) => program.slice(from, to);
  const parts = childrenOf(node);
  const [first] = parts;
  const module = node.getChild("String");
  const taken = first?.name === "ImportGroup"
    ? namesIn(first, textOf)
    : first?.name === "Star"
    ? textOf(node.getChild("VariableDefinition")!)
    : first?.name === "VariableDefinition"
    ? `{ default: ${textOf(first)} }`
    : undefined;
  if (taken === undefined || module === null || parts.some(({ name }) => name === ",")) {
    throw new ProgramError(`Cannot run the program: line ${line} must read \`import { … } from "…";\`.`, line);
  }
  const lines = "\n".repeat(textOf(node).split("\n").length - 1);
  return `const ${taken} = playground.library(${JSON.stringify(textOf(module).slice(1, -1))});${lines}`;
}

/** The names in braces, as a pattern. */
function namesIn(group: SyntaxNode, textOf: (node: SyntaxNode) => string): string {
  const names: string[] = [];
  let renamed = "";
  for (const child of childrenOf(group)) {
    if (child.name === "as") renamed += ": ";
    else if (child.name === "VariableDefinition") {
      names.push(renamed + textOf(child));
      renamed = "";
    } else if (!/^[{},]$/.test(child.name)) renamed = textOf(child);
  }
  return `{ ${names.join(", ")} }`;
}

/** What a node consists of, without comments and the word `import`. */
function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (!/^(import|LineComment|BlockComment)$/.test(child.name)) children.push(child);
  }
  return children;
}
