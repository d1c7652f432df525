import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { localCompletionSource } from "@codemirror/lang-javascript";
import { syntaxTree } from "@codemirror/language";
import type { EditorView, Tooltip } from "@codemirror/view";
import type { ApiSymbol } from "../symbol.ts";
import { typeOf } from "./types.ts";

let loading: Promise<readonly ApiSymbol[]> | undefined;

/** Loads the names of the API, when they are needed first. */
function symbols(): Promise<readonly ApiSymbol[]> {
  const address = document.querySelector<HTMLLinkElement>("#symbols")!.href;
  return loading ??= fetch(address).then((response) => response.json());
}

/** Completes members of what is before the dot, and names of the API elsewhere. */
export async function completions(context: CompletionContext): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w$]*/)!;
  const before = context.state.sliceDoc(Math.max(0, word.from - 1), word.from);
  const all = await symbols();
  if (before === ".") {
    const target = syntaxTree(context.state).resolveInner(word.from - 1, -1);
    const type = typeOf(target, context.state.doc, all);
    const members = all.filter((symbol) => symbol.of !== undefined && (type === undefined || symbol.of === type));
    return { from: word.from, options: unique(members), validFor: /^[\w$]*$/ };
  }
  if (word.from === word.to && !context.explicit) return null;
  const local = await localCompletionSource(context);
  const options = [...local?.options ?? [], ...unique(all.filter((symbol) => symbol.of === undefined))];
  return { from: word.from, options, validFor: /^[\w$]*$/ };
}

function unique(symbols: readonly ApiSymbol[]): Completion[] {
  const byName = new Map<string, ApiSymbol>();
  for (const symbol of symbols) if (!byName.has(symbol.name)) byName.set(symbol.name, symbol);
  return [...byName.values()].map((symbol) => ({
    label: symbol.name,
    type: symbol.kind,
    ...(symbol.of === undefined ? {} : { detail: symbol.of }),
    info: () => explanation([symbol]),
  }));
}

/** Explains the name under the pointer. */
export async function hover(view: EditorView, position: number): Promise<Tooltip | null> {
  const node = syntaxTree(view.state).resolveInner(position, 0);
  if (!/^(VariableName|VariableDefinition|PropertyName|PropertyDefinition)$/.test(node.name)) return null;
  const name = view.state.sliceDoc(node.from, node.to);
  const all = await symbols();
  const isMember = node.name.startsWith("Property");
  const named = all.filter((symbol) => symbol.name === name && (symbol.of !== undefined) === isMember);
  const type = isMember && node.prevSibling !== null ? typeOf(node.prevSibling, view.state.doc, all) : undefined;
  const meant = named.some(({ of }) => of === type) ? named.filter(({ of }) => of === type) : named;
  if (meant.length === 0) return null;
  return { pos: node.from, end: node.to, above: true, create: () => ({ dom: explanation(meant.slice(0, 2)) }) };
}

function explanation(symbols: readonly ApiSymbol[]): HTMLElement {
  const box = document.createElement("div");
  box.className = "explanation";
  for (const { of, signature, docs } of symbols) {
    const code = document.createElement("code");
    code.textContent = of === undefined ? signature : `${of}.${signature}`;
    const paragraph = document.createElement("p");
    paragraph.textContent = docs;
    box.append(code, paragraph);
  }
  return box;
}
