import type { SyntaxNodeRef } from "@lezer/common";
import { parser } from "@lezer/javascript";

const strict = parser.configure({ dialect: "ts", strict: true });

/** What the parser takes for types although it reads JavaScript. */
const TYPES = new Set(["TypeAnnotation", "TypePredicate", "TypeParamList", "TypeArgList", "Optional"]);

/** Whether a program, which is no JavaScript, is TypeScript. */
export function isTypeScript(program: string): boolean {
  try {
    strict.parse(program);
    return true;
  } catch {
    return false;
  }
}

/** Whether a part of a program is of TypeScript, which the parser of JavaScript lets pass. */
export function isOfTypeScript(part: SyntaxNodeRef): boolean {
  // `a as B`, and `a!`
  if (part.name === "as") return part.node.parent?.name === "BinaryExpression";
  if (part.name === "LogicOp") return part.node.parent?.name === "PostfixExpression";
  return TYPES.has(part.name);
}
