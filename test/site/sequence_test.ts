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
  const picture = sequencePicture(source, "Diagram: a");
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

test("sequencePicture() breaks long names, and has all boxes hold their lines", () => {
  const picture = sequencePicture(
    "sequenceDiagram\nparticipant A as a domain that was destroyed\nparticipant B as b\nNote over B: it does not know of that yet",
    "",
  );
  const lines = textsOf(picture);
  expect(lines.toSorted()).toEqual(
    ["a domain that was", "destroyed", "b", "it does not know of", "that yet"].toSorted(),
  );
  expect(picture).toContain('aria-label="Sequence diagram of a domain that was destroyed, b"');
  const heads = [...picture.matchAll(/<rect class="head"[^>]* y="(\d+)"[^>]* height="(\d+)"/g)];
  expect(heads.length).toBe(2);
  const texts = [...picture.matchAll(/<text[^>]* y="(\d+)">(a domain that was|destroyed|b)</g)];
  expect(texts.length).toBe(3);
  for (const [, y] of texts) {
    for (const [, top, height] of heads) {
      expect(Number(y) - 10).toBeGreaterThan(Number(top));
      expect(Number(y) + 4).toBeLessThan(Number(top) + Number(height));
    }
  }
  expect(Number(/<path class="life" d="M\d+ (\d+)/.exec(picture)![1])).toBe(
    Number(heads[0]![1]) + Number(heads[0]![2]),
  );
});

test("sequencePicture() draws arrows in their directions, and answers dashed", () => {
  const lines = [
    ...sequencePicture(source, "Diagram: a").matchAll(/<path class="(line[^"]*)" d="M(\d+) \d+H(\d+)"\/>/g),
  ];
  const drawn = lines.map(([, name, from, to]) => [name, Number(from) < Number(to) ? "right" : "left"]);
  expect(drawn).toEqual([["line", "right"], ["line dashed", "left"], ["line", "right"], ["line", "right"], [
    "line",
    "left",
  ]]);
});

test("sequencePicture() puts each thing below the one before", () => {
  const heights = [...sequencePicture(source, "Diagram: a").matchAll(/<text[^>]* y="(\d+)"/g)].map(([, y]) => Number(y))
    .slice(1);
  expect(heights.length).toBe(13);
  expect(heights).toEqual([...new Set(heights)].toSorted((one, other) => one - other));
});

test.each([
  ["graph LR\n  A-->B", "Cannot draw a diagram that begins with graph LR"],
  ["sequenceDiagram\n  A->>B: hello", "Cannot draw a diagram: nobody in it is called A"],
  ["sequenceDiagram\n  participant A as a\n  loop twice", "Cannot draw the line of a diagram: loop twice"],
  [`${source}\n  end`, "Cannot draw a diagram: it has an end too many"],
  [`${source}\n  opt more`, "Cannot draw a diagram: its opt has no end"],
  [source.replace(/end$/, ""), "Cannot draw a diagram: its alt has no end"],
  [`${source}\n  else nothing\n`, 'Cannot draw a diagram: "else nothing" is in no alt'],
  [`${source}\n  opt a\n  else b\n  end`, 'Cannot draw a diagram: "else b" is in no alt'],
  [
    "sequenceDiagram\n  participant A as the InterruptDescriptorTable",
    "Cannot draw a diagram: InterruptDescriptorTable is longer than 21 characters, which fit in a box",
  ],
])("sequencePicture() refuses %j", (broken, message) => {
  expect(() => sequencePicture(broken, "")).toThrow(message);
});
