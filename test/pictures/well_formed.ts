/** Asserts that a text is one XML element, with its tags closed in order. Returns the names of the elements. */
export function elementsOf(svg: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  let rest = svg;
  while (rest !== "") {
    const [token, close, name, attributes = "", empty] =
      /^(?:<(\/?)([a-zA-Z]+)((?:\s[\w:-]+="[^"<]*")*)(\/?)>|[^<>]+)/.exec(rest) ?? [];
    if (token === undefined) throw new Error(`not XML: ${rest.slice(0, 60)}`);
    for (const [reference] of token.matchAll(/&[^\s;]{0,8}/g)) {
      if (!/^&(amp|lt|gt|quot)$/.test(reference)) throw new Error(`not escaped: ${reference}`);
    }
    if (attributes.includes("NaN") || attributes.includes("undefined")) throw new Error(`not a number: ${token}`);
    if (name === undefined) {
      if (open.length === 0) throw new Error(`text outside of the element: ${token}`);
    } else if (close === "/") {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> ends <${last}>`);
    } else {
      if (open.length === 0 && names.length > 0) throw new Error(`a second element: ${token}`);
      names.push(name);
      if (empty !== "/") open.push(name);
    }
    rest = rest.slice(token.length);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`);
  return names;
}
