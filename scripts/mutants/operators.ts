/**
 * Finds the small changes that can be made to a source, one at a time. The parser is TypeScript's, which also reads
 * AssemblyScript.
 *
 * @module
 */
import ts from "typescript";

/** One small change to a source. */
export interface Mutant {
  /** The path of the source in the repository. */
  readonly file: string;
  /** The line that the change begins on, from 1. */
  readonly line: number;
  /** The kind of change. */
  readonly operator: string;
  /** The code that changes, on one line. */
  readonly before: string;
  /** What it becomes, on one line. It is empty if the code is removed. */
  readonly after: string;
  /** The source with the change. */
  readonly text: string;
}

/** The code from `start` to `end` of a source, and what replaces it. */
interface Change {
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const K = ts.SyntaxKind;

/** Operators, and what each becomes. */
const BINARY = new Map<ts.SyntaxKind, [operator: string, becomes: string]>([
  [K.LessThanToken, ["comparison", "<="]],
  [K.LessThanEqualsToken, ["comparison", "<"]],
  [K.GreaterThanToken, ["comparison", ">="]],
  [K.GreaterThanEqualsToken, ["comparison", ">"]],
  [K.EqualsEqualsToken, ["comparison", "!="]],
  [K.EqualsEqualsEqualsToken, ["comparison", "!=="]],
  [K.ExclamationEqualsToken, ["comparison", "=="]],
  [K.ExclamationEqualsEqualsToken, ["comparison", "==="]],
  [K.PlusToken, ["arithmetic", "-"]],
  [K.MinusToken, ["arithmetic", "+"]],
  [K.AsteriskToken, ["arithmetic", "/"]],
  [K.SlashToken, ["arithmetic", "*"]],
  [K.LessThanLessThanToken, ["arithmetic", ">>"]],
  [K.GreaterThanGreaterThanToken, ["arithmetic", "<<"]],
  [K.GreaterThanGreaterThanGreaterThanToken, ["arithmetic", "<<"]],
  [K.AmpersandToken, ["arithmetic", "|"]],
  [K.BarToken, ["arithmetic", "&"]],
  [K.PlusEqualsToken, ["arithmetic", "-="]],
  [K.MinusEqualsToken, ["arithmetic", "+="]],
  [K.AmpersandAmpersandToken, ["and/or", "||"]],
  [K.BarBarToken, ["and/or", "&&"]],
  [K.QuestionQuestionEqualsToken, ["??= to =", "="]],
]);

/** Returns all mutants of a source, in the order of the source. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (isIgnored(node, source)) return;
    for (const { operator, start, end, replacement } of changes(node, source)) {
      const from = text.lastIndexOf("\n", start - 1) + 1;
      const newline = text.indexOf("\n", end);
      const to = newline < 0 ? text.length : newline;
      mutants.push({
        file,
        line: source.getLineAndCharacterOfPosition(start).line + 1,
        operator,
        before: onOneLine(text.slice(from, to)),
        after: onOneLine(text.slice(from, start) + replacement + text.slice(end, to)),
        text: text.slice(0, start) + replacement + text.slice(end),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

/** Types and imports do nothing, and the shipped core has no assertions. */
function isIgnored(node: ts.Node, source: ts.SourceFile): boolean {
  return ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isDecorator(node) ||
    (ts.isExpressionStatement(node) && node.getText(source).startsWith("assert("));
}

function changes(node: ts.Node, source: ts.SourceFile): Change[] {
  const textOf = (part: ts.Node) => part.getText(source);
  const change = (operator: string, part: ts.Node, replacement: string): Change => {
    return { operator, start: part.getStart(source), end: part.end, replacement };
  };
  const negated = (condition: ts.Expression) => change("condition negated", condition, `!(${textOf(condition)})`);

  if (ts.isIfStatement(node)) {
    const exit = !node.elseStatement && leaves(node.thenStatement);
    return [negated(node.expression), ...(exit ? [change("early exit removed", node, ";")] : [])];
  }
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return [negated(node.expression)];
  if (ts.isConditionalExpression(node)) return [negated(node.condition)];
  if (ts.isForOfStatement(node)) return [change("statement deleted", node, ";")];
  if (ts.isExpressionStatement(node)) {
    const called = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
    if (!ts.isCallExpression(called)) return [change("statement deleted", node, ";")];
    return called.expression.kind === K.SuperKeyword ? [] : [change("call dropped", node, ";")];
  }
  if (ts.isBinaryExpression(node)) {
    const { left, right, operatorToken } = node;
    if (operatorToken.kind === K.QuestionQuestionToken) return [change("?? dropped", node, textOf(left))];
    const [operator, becomes] = BINARY.get(operatorToken.kind) ?? [];
    if (operator === undefined || (operator === "arithmetic" && (isText(left) || isText(right)))) return [];
    return [change(operator, operatorToken, becomes!)];
  }
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    const args = node.arguments ?? [];
    if (args.length === 0 && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === "slice") {
      return [change("copy dropped", node, textOf(node.expression.expression))];
    }
    // Their order makes no difference.
    if (/^Math\.(max|min)$/.test(textOf(node.expression))) return [];
    return args.slice(1).flatMap((second, index) => {
      const first = args[index]!;
      if (textOf(first) === textOf(second)) return [];
      const replacement = `${textOf(second)}, ${textOf(first)}`;
      return [{ ...change("arguments swapped", first, replacement), end: second.end }];
    });
  }
  if (ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node)) {
    const [only, ...others] = ts.isArrayLiteralExpression(node) ? node.elements : node.properties;
    if (!only || others.length > 0 || !(ts.isSpreadElement(only) || ts.isSpreadAssignment(only))) return [];
    return [change("copy dropped", node, `(${textOf(only.expression)})`)];
  }
  if (ts.isNumericLiteral(node)) return [change("constant", node, `(${textOf(node)} + 1)`)];
  if (ts.isBigIntLiteral(node)) return [change("constant", node, `(${textOf(node)} + 1n)`)];
  if (node.kind === K.TrueKeyword) return [change("constant", node, "false")];
  if (node.kind === K.FalseKeyword) return [change("constant", node, "true")];
  return [];
}

/** Whether a statement ends by leaving the function or the loop. */
function leaves(statement: ts.Statement): boolean {
  if (ts.isBlock(statement)) return statement.statements.length > 0 && leaves(statement.statements.at(-1)!);
  return ts.isReturnStatement(statement) || ts.isThrowStatement(statement) || ts.isContinueStatement(statement) ||
    ts.isBreakStatement(statement);
}

/** Whether an operand makes `+` join texts. */
function isText(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) ||
    (ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right)));
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
