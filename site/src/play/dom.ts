/** What an element may contain: others, and text. */
export type Child = Node | string | undefined | false;

/** Attributes of an element, without those that are `undefined` or `false`. `true` is the empty text. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== undefined && child !== false) made.append(child);
  return made;
}

/** A word that says what has happened to a row: colours say it to some readers only. */
export function badge(word: string): HTMLElement {
  // The space keeps the words apart where they are read aloud.
  return element("span", {}, " ", element("small", { class: "badge" }, word));
}

/** Says that there are more than are shown, if there are. */
export function more(count: number): HTMLElement | undefined {
  return count > 0 ? element("p", { class: "rest" }, `and ${count} more`) : undefined;
}

/** Finds an element of the page, which must be there. */
export function find<Kind extends Element = HTMLElement>(selector: string): Kind {
  const found = document.querySelector<Kind>(selector);
  if (found === null) throw new Error(`Cannot find ${selector} in the page`);
  return found;
}
