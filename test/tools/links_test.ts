import { expect, test } from "vitest";
import { linksIn, snippetsIn } from "../../scripts/markdown.ts";
import { relativeLinks, withPackedLinks } from "../../scripts/npm/links.ts";

const root = new URL("../../", import.meta.url);
const documents = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
for (const { name } of Deno.readDirSync(new URL("docs", root))) {
  if (name.endsWith(".md")) documents.push(`docs/${name}`);
}

test.each(documents)("the relative links of %s lead to files", (path) => {
  const links = relativeLinks(path, Deno.readTextFileSync(new URL(path, root)));
  const exists = (target: string) => {
    try {
      return Deno.statSync(new URL(target, root)) !== undefined;
    } catch {
      return false;
    }
  };
  expect(links.filter((target) => !exists(target.path)).map(({ url }) => url)).toEqual([]);
});

const markdown = `[one](a.md) ![two](../b.svg) [three][ref] [four](#five) <https://example.org/c.md>

\`[code](d.md)\`

| [table](e/f.md#g) |
| ----------------- |

[ref]: ../h

\`\`\`ts ignore main.ts
x[0](1);
\`\`\`
`;

test("linksIn() finds links, images and definitions, and nothing in code", () => {
  expect(linksIn(markdown).map(({ url }) => url)).toEqual([
    "a.md",
    "../b.svg",
    "#five",
    "https://example.org/c.md",
    "e/f.md#g",
    "../h",
  ]);
});

test("snippetsIn() finds fenced code and the words behind the fence", () => {
  expect(snippetsIn(markdown)).toEqual([{ info: ["ts", "ignore", "main.ts"], code: "x[0](1);" }]);
});

test("relativeLinks() resolves links against the folder of the document", () => {
  expect(relativeLinks("docs/x.md", markdown)).toEqual([
    { url: "a.md", path: "docs/a.md", fragment: "" },
    { url: "../b.svg", path: "b.svg", fragment: "" },
    { url: "e/f.md#g", path: "docs/e/f.md", fragment: "#g" },
    { url: "../h", path: "h", fragment: "" },
  ]);
});

test("withPackedLinks() makes links absolute that lead out of the package, and changes nothing else", () => {
  const isPacked = (path: string) => ["docs/a.md", "b.svg"].includes(path);
  const packed = withPackedLinks("docs/x.md", markdown, isPacked, (path) => `https://example.org/${path}`);
  expect(packed).toBe(
    markdown.replace("(e/f.md#g)", "(https://example.org/docs/e/f.md#g)").replace(
      "]: ../h",
      "]: https://example.org/h",
    ),
  );
});

test("withPackedLinks() refuses an address that is not written as it reads", () => {
  const rewrite = () => withPackedLinks("x.md", "[a](b&amp;c.md)", () => false, (path) => path);
  expect(rewrite).toThrow("must be written without escapes");
});
