import config from "../../../deno.json" with { type: "json" };
import { escape, siteLinks } from "./shell.ts";

/** The policy of the reference. `deno doc` writes styles into its elements. */
const POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self' data:; font-src 'self'; script-src 'self'; " +
  "style-src 'self' 'unsafe-inline'";

/**
 * Adds to a page of `deno doc` what it lacks: a language, a policy, the way back to the site, and what readers without
 * a mouse or a screen need.
 *
 * @param root Where the root of the site is, seen from the page.
 * @throws {Error} if a part that it changes is not there: `deno doc` has changed.
 */
export function completed(html: string, root: string): string {
  const has = (text: string) => html.includes(text);
  const head = `<html lang="en">\n<head>\n<meta http-equiv="Content-Security-Policy" content="${escape(POLICY)}">\n` +
    `<link rel="icon" href="${root}icon.svg" type="image/svg+xml">`;
  const changes: [RegExp | string, string | ((...groups: string[]) => string)][] = [
    [/<html>\s*<head>/, head],
    ["</head>", `<link rel="stylesheet" href="${root}api/colours.css"></head>`],
    [
      "<body>",
      `<body>\n<nav aria-label="Site" class="site"><a href="${root}index.html">gntalloc</a>${
        siteLinks(root, "API")
      }</nav>`,
    ],
    ['<nav id="topnav"', '<nav id="topnav" aria-label="Reference"'],
    [/<ul class="breadcrumbs">(.*?)<\/ul>(?=\n<\/div>)/s, (_, crumbs) => breadcrumbs(crumbs!)],
    ['id="searchbar"', 'id="searchbar" aria-label="Search the reference"'],
    [
      '<div id="searchResults"></div>',
      '<div class="found" role="main"><h1 class="text-2xl font-bold">What was found</h1><div id="searchResults"></div></div>',
    ],
    // A symbol has its name on the page; other pages have none.
    has('<div class="symbolTitle">')
      ? [
        /<div class="text-2xl leading-none break-all">(.*?)<\/div>/s,
        '<h1 class="text-2xl leading-none break-all">$1</h1>',
      ]
      : ["<main>", `<main>\n<h1 class="text-2xl font-bold">${titleOf(html)}</h1>`],
  ];
  if (has('<div class="toc">')) {
    changes.push(['<div class="toc">', '<div class="toc" role="complementary" aria-label="About this page">']);
  }
  let page = html;
  for (const [old, made] of changes) {
    const before = page;
    page = page.replace(old, made as string);
    if (page === before) throw new Error(`Cannot complete a page of deno doc: it has no ${old}`);
  }
  return page.replaceAll('<button class="copyButton"', '<button class="copyButton" aria-label="Copy"')
    .replaceAll('<nav class="topSymbols"', '<nav class="topSymbols" aria-label="Symbols"')
    .replaceAll('<nav class="documentNavigation"', '<nav class="documentNavigation" aria-label="Contents"')
    // Blocks of code scroll by themselves.
    .replaceAll('<code class="language-', '<code tabindex="0" class="language-')
    .replaceAll(
      /(import [^;]*? from &quot;)(\.|[a-z]+)(&quot;;)/g,
      (_, words, entry, end) => words + moduleOf(entry) + end,
    );
}

/** The way to a page as a list of links. `deno doc` puts lists and pictures of arrows between the items of one. */
function breadcrumbs(html: string): string {
  const items = html.replaceAll(/<svg.*?<\/svg>/gs, "\n").replaceAll(/<(?!\/?a\b)[^>]*>/g, "\n").split("\n")
    .map((item) => item.trim()).filter((item) => item !== "" && item !== ".");
  return `<ul class="breadcrumbs">${items.map((item) => `<li>${item}</li>`).join("")}</ul>`;
}

/** The title of a page, without what all titles end with. */
function titleOf(html: string): string {
  const title = /<title>(?:(.*?) - )?gntalloc documentation<\/title>/.exec(html);
  if (title === null) throw new Error("Cannot complete a page of deno doc: it has another title");
  const name = title[1];
  return name === undefined ? "Reference" : Object.hasOwn(config.exports, `./${name}`) ? moduleOf(name) : name;
}

/** How programs import an entry, which `deno doc` knows by the end of its name. */
function moduleOf(entry: string): string {
  if (entry === ".") return config.name;
  if (!Object.hasOwn(config.exports, `./${entry}`)) {
    throw new Error(`Cannot name the module of ${entry}: no such entry`);
  }
  return `${config.name}/${entry}`;
}
