import { describe, expect, test } from "vitest";
import { rendered } from "../../site/src/build/docs.ts";
import { placeOf } from "../../site/src/build/doc_pages.ts";
import { readLesson } from "../../site/src/lesson.ts";

describe("rendered()", () => {
  const html = (markdown: string) => rendered("docs/x.md", markdown, (target) => `at ${target}`).html.trim();

  test("takes the title from the first heading", () => {
    expect(rendered("docs/x.md", "# The `code`\n\ntext", () => "").title).toBe("The code");
  });

  test("names headings as hosts of repositories do", () => {
    expect(html("## What `a()` does, now\n## What a does now\n")).toBe(
      '<h2 id="what-a-does-now">What <code>a()</code> does, now</h2>\n<h2 id="what-a-does-now-1">What a does now</h2>',
    );
  });

  test.each([
    ["[a](b.md)", '<a href="at docs/b.md">a</a>'],
    ["[a](../b/c.ts#d)", '<a href="at b/c.ts#d">a</a>'],
    ["[a](#b)", '<a href="#b">a</a>'],
    ["[a](https://example.org/?b&c)", '<a href="https://example.org/?b&amp;c">a</a>'],
    ["![a](b.svg)", '<img src="at docs/b.svg" alt="a" loading="lazy">'],
  ])("leads %s to its place", (markdown, expected) => {
    expect(html(markdown)).toBe(`<p>${expected}</p>`);
  });

  test("escapes code, and colours TypeScript", () => {
    expect(html("```sh\na <b> & c\n```")).toContain("<code>a &lt;b&gt; &amp; c</code>");
    expect(html("```ts\nconst a: A<B>;\n```")).toContain('<span class="tok-keyword">const</span>');
  });
});

test.each([
  ["README.md", "docs/index.html"],
  ["docs/cli.md", "docs/cli.html"],
  ["cli/README.md", "docs/cli-readme.html"],
  ["docs/cost.svg", "docs/cost.svg"],
  ["src/pv/mod.ts", "source/src/pv/mod.ts.html"],
  ["cli/", "source/cli.html"],
])("placeOf() puts %s at %s", (path, place) => {
  expect(placeOf(path)).toBe(place);
});

describe("readLesson()", () => {
  const text =
    "// Title\n//\n// It shows\n// this.\n\nconst a = 1;\n\nb();\n\n// Shows:\n// three\n\n// Prints:\n// one\n// two\n";

  test("takes a lesson apart", () => {
    expect(readLesson("id", text)).toEqual({
      id: "id",
      title: "Title",
      about: "It shows this.",
      program: "const a = 1;\n\nb();\n",
      shows: ["three"],
      prints: ["one", "two"],
    });
  });

  test.each(["a();\n", text.replace("Prints", "Says"), text.replace("//\n", "")])("refuses %j", (broken) => {
    expect(() => readLesson("id", broken)).toThrow("Cannot read the lesson id");
  });
});
