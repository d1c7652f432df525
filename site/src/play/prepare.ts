import type { SyntaxNode } from "@lezer/common";
import { parser } from "@lezer/javascript";
import { ProgramError } from "./program_error.ts";

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What has a list of statements. */
const LISTS = new Set(["Script", "Block", "SwitchBody"]);
const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunction", "MethodDeclaration"]);
/** Statements that do nothing when they are reached. */
const QUIET = new Set(["FunctionDeclaration", "ClassDeclaration", "ImportDeclaration", "ExportDeclaration", "Block"]);

/**
 * Prepares a program for the worker: each statement that can wait does so before it runs, and imports take what the
 * worker has. All lines stay where they are.
 *
 * @throws {ProgramError} if the program has a syntax error.
 */
export function prepare(program: string): string {
  const edits: Edit[] = [];
  const lineAt = (position: number) => program.slice(0, position).split("\n").length;
  const cursor = parser.parse(program).cursor();
  do {
    const { node } = cursor;
    if (node.type.isError) {
      throw new ProgramError(
        `Cannot run the program: line ${lineAt(node.from)} has a syntax error.`,
        lineAt(node.from),
      );
    }
    if (node.name === "ImportDeclaration") edits.push(importFrom(program, node, lineAt(node.from)));
    if (isStatement(node) && canWait(node)) {
      edits.push({ from: node.from, to: node.from, text: `await playground.step(${lineAt(node.from)});` });
    }
  } while (cursor.next());
  let prepared = program;
  for (const { from, to, text } of edits.toReversed()) prepared = prepared.slice(0, from) + text + prepared.slice(to);
  // Makes it a module that may await even if nothing in it does.
  return `${prepared}\nexport {};`;
}

function isStatement({ name, parent }: SyntaxNode): boolean {
  return LISTS.has(parent?.name ?? "") && /(Statement|Declaration)$/.test(name) && !QUIET.has(name);
}

/** Whether the nearest function around a statement is asynchronous, or there is none. */
function canWait(node: SyntaxNode): boolean {
  for (let around = node.parent; around !== null; around = around.parent) {
    if (around.name === "StaticBlock") return false;
    if (FUNCTIONS.has(around.name)) return around.getChild("async") !== null;
  }
  return true;
}

const IMPORT = /^import\s*(?:\{([^}]*)\}|\*\s*as\s+(\w+)|(\w+))\s*from\s*["']([^"']+)["'];?$/;

/** Turns `import { a as b } from "c"` into `const { a: b } = …`. */
function importFrom(program: string, node: SyntaxNode, line: number): Edit {
  const text = program.slice(node.from, node.to);
  const [, names, all, main, module] = IMPORT.exec(text) ?? [];
  if (module === undefined) {
    throw new ProgramError(`Cannot run the program: line ${line} must read \`import { … } from "…";\`.`, line);
  }
  const listed = names?.replace(/\s+as\s+/g, ": ").replace(/\s+/g, " ") ?? ` default: ${main} `;
  const lines = "\n".repeat(text.split("\n").length - 1);
  const taken = `const ${all ?? `{${listed}}`} = playground.library(${JSON.stringify(module)});`;
  return { from: node.from, to: node.to, text: taken + lines };
}
