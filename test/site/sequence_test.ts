import { expect, test } from "vitest";
import { sequencePicture } from "../../site/src/build/sequence.ts";

const source = `sequenceDiagram
  participant A as one side
  participant B as <other> side
  A->>B: how are you?
  B-->>A: a long answer that does not fit in one line of it
  B->>B: think
  Note over A: waits
  opt it goes on
    A->>B: again
  end
  alt well
    A->>B: bye
  else badly
    B->>A: bye
  end`;

/** The texts of a picture, from top to bottom. */
function textsOf(picture: string): string[] {
  return [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

test("sequencePicture() has all words of the diagram, and itself as text", () => {
  const picture = sequencePicture(source);
  expect(textsOf(picture)).toEqual([
    ...[
      "one side",
      "&lt;other&gt; side",
      "how are you?",
      "a long answer that does",
      "not fit in one line of",
      "it",
      "think",
    ],
    ...["waits", "if it goes on", "again", "well", "bye", "badly", "bye"],
  ]);
  expect(picture).toContain('aria-label="Sequence diagram of one side, &lt;other&gt; side"');
  expect(picture).toContain("A-&gt;&gt;B: how are you?");
});

test("sequencePicture() draws arrows in their directions, and answers dashed", () => {
  const lines = [...sequencePicture(source).matchAll(/<path class="(line[^"]*)" d="M(\d+) \d+H(\d+)"\/>/g)];
  const drawn = lines.map(([, name, from, to]) => [name, Number(from) < Number(to) ? "right" : "left"]);
  expect(drawn).toEqual([["line", "right"], ["line dashed", "left"], ["line", "right"], ["line", "right"], [
    "line",
    "left",
  ]]);
});

test("sequencePicture() puts each thing below the one before", () => {
  const heights = [...sequencePicture(source).matchAll(/<text[^>]* y="(\d+)"/g)].map(([, y]) => Number(y)).slice(1);
  expect(heights.length).toBe(13);
  expect(heights).toEqual([...new Set(heights)].toSorted((one, other) => one - other));
});

test.each([
  ["graph LR\n  A-->B", "Cannot draw a diagram that begins with graph LR"],
  ["sequenceDiagram\n  A->>B: hello", "Cannot draw a diagram: nobody in it is called A"],
  ["sequenceDiagram\n  participant A as a\n  loop twice", "Cannot draw the line of a diagram: loop twice"],
])("sequencePicture() refuses %j", (broken, message) => {
  expect(() => sequencePicture(broken)).toThrow(message);
});
