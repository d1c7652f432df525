/** The pictures of the reference results: each line goes from left to right, and no text covers another one. */

import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { costPicture } from "../../bench/books/pictures/cost.ts";
import { performancePicture } from "../../bench/books/pictures/performance.ts";
import type { Results } from "../../bench/books/results.ts";

const reference: Results = JSON.parse(
  await Deno.readTextFile(new URL("../../bench/results/reference.json", import.meta.url)),
);

/** A text, and the box that it covers. */
interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Widths and heights of text in multiples of the font size. Those of wide fonts, so that narrower ones fit, too. */
const WIDTH = { regular: 0.6, bold: 0.66 };
const ASCENT = 0.76;
const DESCENT = 0.24;

function parse(picture: string): Element {
  const { document } = parseHTML(`<html><body>${picture}</body></html>`) as unknown as { document: Document };
  return document.querySelector("svg")!;
}

/** The value of an attribute that an element has, or inherits. */
function inherited(element: Element, name: string): string | null {
  return element.closest(`[${name}]`)?.getAttribute(name) ?? null;
}

/** Where an element's origin is in the picture: the sum of all translations, and of the places of nested pictures. */
function originOf(element: Element): { x: number; y: number } {
  let [x, y] = [0, 0];
  for (let at: Element | null = element; at !== null; at = at.parentElement) {
    const transform = at.getAttribute("transform");
    if (transform !== null) {
      const [, dx, dy] = /^translate\(([-\d.]+),([-\d.]+)\)$/.exec(transform) ?? [];
      if (dx === undefined) throw new Error(`Cannot place ${transform}`);
      x += Number(dx);
      y += Number(dy);
    }
    if (at.localName === "svg") {
      x += Number(at.getAttribute("x") ?? 0);
      y += Number(at.getAttribute("y") ?? 0);
    }
  }
  return { x, y };
}

function boxOf(element: Element): Box {
  const text = element.textContent!;
  const size = Number(inherited(element, "font-size"));
  const bold = Number(inherited(element, "font-weight") ?? 400) >= 600;
  const width = text.length * size * (bold ? WIDTH.bold : WIDTH.regular);
  const { x, y } = originOf(element);
  const offset = (name: "x" | "y") => {
    const value = element.getAttribute(name) ?? "0";
    return value.endsWith("em") ? Number(value.slice(0, -2)) * size : Number(value);
  };
  const anchor = inherited(element, "text-anchor") ?? "start";
  const left = x + offset("x") - width * (anchor === "middle" ? 0.5 : anchor === "end" ? 1 : 0);
  const baseline = y + offset("y");
  return { text, left, right: left + width, top: baseline - ASCENT * size, bottom: baseline + DESCENT * size };
}

function overlap(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

describe.each([
  ["cost.svg", costPicture(reference), 3],
  // Five lines in each of six panels, and six in each of five.
  ["performance.svg", performancePicture(reference), 60],
])("%s", (name, picture, count) => {
  const svg = parse(picture);

  test("is the committed picture", async () => {
    expect(await Deno.readTextFile(new URL(`../../docs/${name}`, import.meta.url))).toBe(picture);
  });

  test("has lines with one point per x, from left to right", () => {
    const paths = [...svg.querySelectorAll("path")];
    expect(paths).toHaveLength(count);
    for (const path of paths) {
      const xs = [...path.getAttribute("d")!.matchAll(/[ML]([-\d.]+),/g)].map(([, x]) => Number(x));
      expect(xs.length).toBeGreaterThan(1);
      expect(xs).toEqual([...new Set(xs)].toSorted((left, right) => left - right));
    }
  });

  test("has a class of its own for each line of a panel", () => {
    for (const panel of svg.querySelectorAll("svg")) {
      const classes = [...panel.querySelectorAll("path")].map((path) => inherited(path, "class"));
      expect(new Set(classes).size).toBe(classes.length);
    }
  });

  test("has no text that covers another one, or leaves the picture", () => {
    const boxes = [...svg.querySelectorAll("text")].map(boxOf);
    expect(boxes.length).toBeGreaterThan(count);
    const [, , width, height] = svg.getAttribute("viewBox")!.split(" ").map(Number);
    for (const [index, box] of boxes.entries()) {
      expect(boxes.slice(index + 1).filter((other) => overlap(box, other)).map(({ text }) => [box.text, text])).toEqual(
        [],
      );
      expect(box.left, box.text).toBeGreaterThanOrEqual(0);
      expect(box.top, box.text).toBeGreaterThanOrEqual(0);
      expect(box.right, box.text).toBeLessThanOrEqual(width!);
      expect(box.bottom, box.text).toBeLessThanOrEqual(height!);
    }
  });
});
