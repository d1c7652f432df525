import config from "../../../deno.json" with { type: "json" };
import { exec } from "../../../scripts/exec.ts";
import type { ApiSymbol } from "../symbol.ts";

/** The entries whose names the editor knows. */
const ENTRIES = [".", "./faults", "./mock", "./pv", "./vchan", "./xenstore"] as const;

interface Type {
  readonly kind: string;
  readonly value?: { readonly typeName?: string; readonly typeParams?: readonly Type[] };
}

interface Documented {
  readonly name: string;
  readonly kind?: string;
  readonly jsDoc?: { readonly doc?: string };
  readonly location: { readonly filename: string; readonly byteIndex: number };
  readonly tsType?: Type;
  readonly returnType?: Type;
  readonly functionDef?: { readonly returnType?: Type };
}

interface Definition {
  readonly extends?: string | readonly Type[];
  readonly methods?: readonly Documented[];
  readonly properties?: readonly Documented[];
  readonly returnType?: Type;
  readonly tsType?: Type;
}

interface Declaration extends Omit<Documented, "kind"> {
  readonly kind: "class" | "function" | "interface" | "typeAlias" | "variable";
  readonly declarationKind: string;
  readonly def: Definition;
}

interface Docs {
  readonly nodes: Readonly<
    Record<string, { readonly symbols: readonly { name: string; declarations: Declaration[] }[] }>
  >;
}

const KINDS = {
  class: "class",
  function: "function",
  interface: "interface",
  typeAlias: "type",
  variable: "variable",
} as const;

/** Makes the list of the API's names from its docs. */
export async function apiSymbols(repository: string): Promise<ApiSymbol[]> {
  const paths = ENTRIES.map((entry) => config.exports[entry]);
  const docs = JSON.parse(await exec(Deno.execPath(), ["doc", "--json", ...paths], { cwd: repository })) as Docs;
  const declared = new Map<string, Declaration>();
  for (const { symbols } of Object.values(docs.nodes)) {
    for (const { name, declarations } of symbols) {
      // An entry that only exports what another one declares has it as a reference.
      for (const declaration of declarations) {
        if (declaration.kind in KINDS) declared.set(name, { ...declaration, name });
      }
    }
  }
  const sources = new Map<string, Uint8Array>();
  for (const { location, def } of declared.values()) {
    for (const place of [location, ...members(def).map((member) => member.location)]) {
      if (!sources.has(place.filename)) sources.set(place.filename, await Deno.readFile(new URL(place.filename)));
    }
  }
  const signature = ({ location: { filename, byteIndex } }: Documented) =>
    headOf(new TextDecoder().decode(sources.get(filename)!.subarray(byteIndex)));
  return [...declared.values()].flatMap((declaration) => {
    const { name, kind, def, jsDoc } = declaration;
    const own: ApiSymbol = {
      name,
      kind: KINDS[kind],
      signature: signature(declaration as Documented).replace(/^export /, ""),
      docs: paragraph(jsDoc?.doc),
      ...giving(def.returnType ?? def.tsType),
    };
    return [
      own,
      ...inherited(declaration, declared).map((member): ApiSymbol => ({
        name: member.name,
        kind: member.kind === "method" ? "method" : "property",
        of: name,
        signature: signature(member),
        docs: paragraph(member.jsDoc?.doc),
        ...giving(member.functionDef?.returnType ?? member.returnType ?? member.tsType),
      })),
    ];
  });
}

/** The members of a definition. Of several signatures, the one with docs. */
function members({ methods = [], properties = [] }: Definition): readonly Documented[] {
  const byName = new Map<string, Documented>();
  for (const member of [...methods, ...properties]) {
    const isBetter = !byName.has(member.name) || byName.get(member.name)!.jsDoc?.doc === undefined;
    if (/^[a-z]\w*$/.test(member.name) && isBetter) byName.set(member.name, member);
  }
  return [...byName.values()];
}

/** The members of a class or an interface, with those of what it extends. */
function inherited({ def }: Declaration, declared: ReadonlyMap<string, Declaration>): Documented[] {
  const own = members(def);
  const parents = typeof def.extends === "string"
    ? [def.extends]
    : (def.extends ?? []).map(({ value }) => value?.typeName);
  const above = parents.flatMap((name) => {
    const parent = declared.get(name ?? "");
    return parent === undefined ? [] : inherited(parent, declared);
  });
  return [...own, ...above.filter(({ name }) => !own.some((member) => member.name === name))];
}

/** The class or interface that a type names, or that a promise of it names. */
function giving(type: Type | undefined): { gives?: string } {
  const name = type?.value?.typeName;
  if (name === "Promise") return giving(type?.value?.typeParams?.[0]);
  return name === undefined ? {} : { gives: name };
}

/** The beginning of a declaration, up to its body. */
function headOf(source: string): string {
  let depth = 0;
  for (let index = 0; index < source.length; index++) {
    const character = source[index]!;
    if ("([<".includes(character)) depth++;
    else if (")]".includes(character) || (character === ">" && source[index - 1] !== "=")) depth--;
    else if (depth === 0 && ";{=".includes(character) && source[index + 1] !== ">") {
      return source.slice(0, index).trim().replace(/\s+/g, " ").replace(/\( /g, "(").replace(/,? \)/g, ")");
    }
  }
  return source.split("\n", 1)[0]!;
}

/** The first paragraph of docs, without marks. */
function paragraph(docs = ""): string {
  return docs.split("\n\n", 1)[0]!.replace(/\{@linkcode ([^}]+)\}/g, "$1").replaceAll("`", "").replace(/\s+/g, " ")
    .trim();
}
