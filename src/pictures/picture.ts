import type { CheckedPictureOptions } from "./options.ts";
import { element, escape, fit, type Markup, text } from "./svg.ts";
import { ROOT_CLASS, styles } from "./theme.ts";

/** The space around everything. */
export const MARGIN = 20;

/** A part of a picture, with its top at 0, and its height. */
export interface Block {
  readonly height: number;
  readonly markup: Markup;
}

/** A block of nothing but space. */
export function space(height: number): Block {
  return { height, markup: "" };
}

/** Puts blocks below each other. */
export function stack(blocks: readonly Block[]): Block {
  let height = 0;
  const placed = blocks.map((block) => {
    const markup = block.markup === "" ? "" : element("g", { transform: `translate(0 ${height})` }, block.markup);
    height += Math.ceil(block.height);
    return markup;
  });
  return { height, markup: placed.join("") };
}

/** Completes a picture: the root, which screen readers see as one image with a name and a description, and blocks. */
export function picture(
  { title, width, theme }: CheckedPictureOptions,
  description: string,
  blocks: readonly Block[],
): string {
  const heading: Block = {
    height: 34,
    markup: text(fit(title, width - 2 * MARGIN, 18), 0, 18, "large f-text"),
  };
  const body = stack([heading, ...blocks]);
  const height = body.height + 2 * MARGIN;
  const root = {
    xmlns: "http://www.w3.org/2000/svg",
    class: `${ROOT_CLASS} ${theme}`,
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
  };
  return element(
    "svg",
    root,
    element("title", {}, escape(title)),
    element("desc", {}, escape(description)),
    element("style", {}, styles(theme)),
    element("rect", { width, height, class: "f-page" }),
    element("g", { transform: `translate(${MARGIN} ${MARGIN})` }, body.markup),
  );
}
