import type { SyntaxNode, SyntaxNodeRef, Tree } from "@lezer/common";
import { parser } from "@lezer/javascript";
import { importFrom } from "./imports.ts";
import { ProgramError } from "./program_error.ts";
import { isOfTypeScript, isTypeScript } from "./type_script.ts";

export { ProgramError };

/** Ends at the first error. To go on after errors, as editors do, can take time that grows with the square of a length. */
const strict = parser.configure({ strict: true });

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
 * worker has. All lines stay where they are. It takes a moment, and some seconds for programs made to take long: what may be one of
 * several things is read as each.
 *
 * @throws {ProgramError} if the program has a syntax error, or something that this does not prepare.
 */
export function prepare(program: string): string {
  const pieces: string[] = [];
  let copied = 0;
  const replace = (from: number, to: number, text: string) => {
    pieces.push(program.slice(copied, from), text);
    copied = to;
  };
  const tree = parsed(program);
  const lineAt = lineCounter(program);
  const around: Around[] = [{ isList: false, canWait: true }];
  tree.iterate({
    enter(node) {
      const outer = around.at(-1)!;
      const line = lineAt(node.from);
      if (isOfTypeScript(node)) throw typeScriptError(line);
      // The parser cuts what has very many parts, such as a sum of thousands, though nothing is wrong with it.
      if (node.type.isError) {
        throw new ProgramError(
          `Cannot run the program: line ${line} has too long an expression. Write shorter ones.`,
          line,
        );
      }
      if (node.name === "VariableDefinition" && program.slice(node.from, node.to) === "playground") {
        throw new ProgramError(
          `Cannot run the program: line ${line} declares \`playground\`, which runs its statements. Take another name.`,
          line,
        );
      }
      if (node.name === "ExportDeclaration" && has(node.node, "from")) {
        throw new ProgramError(`Cannot run the program: line ${line} exports from a module. Import from it.`, line);
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

function parsed(program: string): Tree {
  try {
    return strict.parse(program);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // It says where in its message only: “No parse at 12”.
    const line = lineCounter(program)(Number(/\d+$/.exec(error.message)?.[0] ?? 0));
    if (isTypeScript(program)) throw typeScriptError(line);
    throw new ProgramError(`Cannot run the program: line ${line} has a syntax error.`, line);
  }
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
