import type { SyntaxNode, SyntaxNodeRef } from "@lezer/common";
import { parser } from "@lezer/javascript";
import { importFrom } from "./imports.ts";
import { ProgramError } from "./program_error.ts";
import { isOfTypeScript, isTypeScript } from "./type_script.ts";

export { ProgramError };

/** What has a list of statements. */
const LISTS = new Set(["Script", "Block", "SwitchBody"]);
const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunction", "MethodDeclaration"]);
/** Statements that do nothing when they are reached. */
const QUIET = new Set(["FunctionDeclaration", "ClassDeclaration", "ImportDeclaration", "ExportDeclaration", "Block"]);

/** What is known of a node whose children are visited. */
interface Around {
  readonly isList: boolean;
  /** Whether the nearest function around is asynchronous, or there is none. */
  readonly canWait: boolean;
}

/**
 * Prepares a program for the worker: each statement that can wait does so before it runs, and imports take what the
 * worker has. All lines stay where they are. The time it takes grows with the length of the program, and no faster.
 *
 * @throws {ProgramError} if the program has a syntax error.
 */
export function prepare(program: string): string {
  const pieces: string[] = [];
  let copied = 0;
  const replace = (from: number, to: number, text: string) => {
    pieces.push(program.slice(copied, from), text);
    copied = to;
  };
  const lineAt = lineCounter(program);
  const around: Around[] = [{ isList: false, canWait: true }];
  parser.parse(program).iterate({
    enter(node) {
      const outer = around.at(-1)!;
      const line = lineAt(node.from);
      if (isOfTypeScript(node) || (node.type.isError && isTypeScript(program))) throw typeScriptError(line);
      if (node.type.isError) {
        throw new ProgramError(`Cannot run the program: line ${line} has a syntax error.`, line);
      }
      if (node.name === "ImportDeclaration") replace(node.from, node.to, importFrom(program, node.node, line));
      if (outer.isList && outer.canWait && isStatement(node.name)) {
        replace(node.from, node.from, `await playground.step(${line});`);
      }
      around.push({ isList: LISTS.has(node.name), canWait: canWaitIn(node, outer.canWait) });
    },
    leave() {
      around.pop();
    },
  });
  // Makes it a module that may await even if nothing in it does.
  return `${pieces.join("")}${program.slice(copied)}\nexport {};`;
}

function typeScriptError(line: number): ProgramError {
  return new ProgramError(
    `Cannot run the program: line ${line} has syntax of TypeScript. Programs here are JavaScript: leave the types out.`,
    line,
  );
}

/** Returns a function that says in which line a position is. It must be asked for positions in their order. */
function lineCounter(program: string): (position: number) => number {
  let line = 1;
  let counted = 0;
  return (position) => {
    for (; counted < position; counted++) if (program[counted] === "\n") line++;
    return line;
  };
}

function isStatement(name: string): boolean {
  return /(Statement|Declaration)$/.test(name) && !QUIET.has(name);
}

/** Whether what is in a node can wait. */
function canWaitIn(node: SyntaxNodeRef, outside: boolean): boolean {
  if (node.name === "StaticBlock") return false;
  return isFunction(node) ? has(node.node, "async") : outside;
}

function isFunction(node: SyntaxNodeRef): boolean {
  // A method of an object is one of its properties.
  return FUNCTIONS.has(node.name) || (node.name === "Property" && has(node.node, "ParamList"));
}

function has(node: SyntaxNode, child: string): boolean {
  return node.getChild(child) !== null;
}
