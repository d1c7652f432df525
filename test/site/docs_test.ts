import { describe, expect, test } from "vitest";
import { completed } from "../../site/src/build/api_page.ts";
import { rendered } from "../../site/src/build/docs.ts";
import { dirname } from "node:path";
import { exec } from "../../scripts/exec.ts";
import { docPages, GUIDES, placeOf } from "../../site/src/build/doc_pages.ts";
import { namesFolder } from "../../site/src/build/own_folder.ts";

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

  test("a corner without words is no heading of a table", () => {
    expect(html("|  | a |\n| - | - |\n| b | c |")).toContain("<thead><tr><td></td><th>a</th></tr></thead>");
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
  ["site/lessons/01_share.js", "play/index.html#share"],
])("placeOf() puts %s at %s", (path, place) => {
  expect(placeOf(path)).toBe(place);
});

test.each([
  ["file:///a/b/c.ts", true],
  ['"/a/b"', true],
  ["/a/b", true],
  ["/a/bc/d /a/b-2 /a/b.old", false],
  ["https://example.org/a/b", false],
  ["/a/bc and /a/b/", true],
])("namesFolder() looks for /a/b in %s", (text, expected) => {
  expect(namesFolder(text, "/a/b")).toBe(expected);
});

test("docPages() has what the repository has, and nothing that lies in its folders", async () => {
  await using folder = await Deno.makeTempDir().then((path) => ({
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  }));
  for (const name of [...Object.values(GUIDES).flat().map((guide) => `${guide}.md`), "a/b.ts", "a/c/d.ts"]) {
    await Deno.mkdir(dirname(`${folder.path}/${name}`), { recursive: true });
    await Deno.writeTextFile(`${folder.path}/${name}`, "# text\n");
  }
  await exec("git", ["init", "--quiet"], { cwd: folder.path });
  await exec("git", ["add", "."], { cwd: folder.path });
  await Deno.writeTextFile(`${folder.path}/a/secret.ts`, "");
  const paths = (await docPages(folder.path, ["a/"])).map(({ path }) => path);
  expect(paths.filter((path) => path.startsWith("source/"))).toEqual(["source/a.html", "source/a/b.ts.html"]);
});

describe("completed()", () => {
  /** What `deno doc` writes: the parts of a page that are changed. */
  const page = (title: string, main: string) =>
    `<!DOCTYPE html>
<html>
<head>
  <title>${title}gntalloc documentation</title></head>
<body>
<nav id="topnav">
<div><ul class="breadcrumbs"><li><a href="../">gntalloc</a></li><svg>arrow</svg><li>vchan</li></ul>
</div>
<input id="searchbar"></nav>
<div id="searchResults"></div>
${main}
<button class="copyButton">
<code class="language-ts">import { a } from &quot;vchan&quot;; import { b } from &quot;.&quot;;</code>
</body>
</html>
`;
  const symbol = '<main><div class="symbolTitle"><div class="text-2xl leading-none break-all">class A</div></div>' +
    '<div class="toc"></div></main>';
  const made = completed(page("A - vchan - ", symbol), "../../");

  test.each([
    '<html lang="en">\n<head>\n<meta http-equiv="Content-Security-Policy" content="default-src \'none\';',
    '<link rel="stylesheet" href="../../api/colours.css"></head>',
    '<body>\n<nav aria-label="Site" class="site"><a href="../../index.html">gntalloc</a>',
    '<nav id="topnav" aria-label="Reference">',
    '<ul class="breadcrumbs"><li><a href="../">gntalloc</a></li><li>vchan</li></ul>\n</div>',
    '<input id="searchbar" aria-label="Search the reference">',
    '<h1 class="text-2xl leading-none break-all">class A</h1>',
    '<div class="toc" role="complementary" aria-label="About this page">',
    '<button class="copyButton" aria-label="Copy">',
    '<code tabindex="0" class="language-ts">import { a } from &quot;@gntalloc/gntalloc/vchan&quot;; ' +
    "import { b } from &quot;@gntalloc/gntalloc&quot;;",
  ])("adds %s", (part) => {
    expect(made).toContain(part);
  });

  test.each([["", "Reference"], ["vchan - ", "@gntalloc/gntalloc/vchan"], ["All Symbols - ", "All Symbols"]])(
    "a page with %j in its title gets the heading %s",
    (title, heading) => {
      expect(completed(page(title, "<main>"), "")).toContain(`<main>\n<h1 class="text-2xl font-bold">${heading}</h1>`);
    },
  );

  test("refuses a page that lacks a part", () => {
    const other = page("", "<main>").replace("searchbar", "find");
    expect(() => completed(other, "")).toThrow('Cannot complete a page of deno doc: it has no id="searchbar"');
  });
});
