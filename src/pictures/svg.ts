/**
 * Writes SVG: elements as text, escaped.
 *
 * @module
 */

/** The markup of an element. */
export type Markup = string;

/** The attributes of an element, without those that are `undefined`. Numbers are rounded to tenths of a pixel. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** XML 1.0 cannot have these characters, not even escaped. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])/g;
const LONE_LOW_SURROGATE = /(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Escapes text for an element or an attribute. */
export function escape(text: string): Markup {
  return text.replace(FORBIDDEN, "\ufffd").replace(LONE_LOW_SURROGATE, "\ufffd").replace(
    /[&<>"]/g,
    (character) => ENTITIES[character]!,
  );
}

/** An element with its children, which are markup already. */
export function element(name: string, attributes: Attributes, ...children: readonly Markup[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escape(typeof value === "number" ? rounded(value) : value!)}"`)
    .join("");
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`;
}

/** A line of text. Its baseline is at `y`. */
export function text(content: string, x: number, y: number, className: string, anchor?: "middle" | "end"): Markup {
  return element("text", { x, y, class: className, "text-anchor": anchor }, escape(content));
}

/** A group that shows its name when the pointer rests on it. */
export function named(name: string, ...children: readonly Markup[]): Markup {
  return element("g", {}, element("title", {}, escape(name)), ...children);
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Shortens a text to fit into a width, by the average width of a character. */
export function fit(content: string, width: number, fontSize: number): string {
  const room = Math.max(1, Math.floor(width / (fontSize * 0.56)));
  return content.length <= room ? content : `${content.slice(0, room - 1)}…`;
}

/** The width of a text in pixels, estimated. */
export function widthOf(content: string, fontSize: number): number {
  return content.length * fontSize * 0.56;
}
