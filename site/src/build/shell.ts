/** What a page of the site needs to know. */
export interface PageParts {
  readonly title: string;
  /** Where the root of the site is, seen from the page: `""` or `"../"`. */
  readonly root: string;
  /** The entry of the main navigation that the page belongs to. */
  readonly section: string;
  /** The sheets of styles, seen from the root of the site. */
  readonly styles: readonly string[];
  /** The module that registers the service worker, seen from the root of the site. */
  readonly registration: string;
  /** The policy of the page. */
  readonly policy: string;
  readonly head?: string;
  readonly body: string;
}

const SECTIONS = [
  ["Playground", "play/index.html"],
  ["Guides", "docs/index.html"],
  ["API", "api/index.html"],
  ["Performance", "docs/performance.html"],
] as const;

/** Escapes text for HTML. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** The links of the main navigation. */
export function siteLinks(root: string, section: string): string {
  return SECTIONS.map(([name, path]) =>
    `<a href="${root}${path}"${name === section ? ' aria-current="page"' : ""}>${name}</a>`
  ).join(" ");
}

/** The frame that all pages share. */
export function shell({ title, root, section, styles, registration, policy, head = "", body }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" href="${root}icon.svg" type="image/svg+xml">
${styles.map((path) => `<link rel="stylesheet" href="${root}${path}">`).join("\n")}
<script type="module" src="${root}${registration}"></script>
${head}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="name" href="${root}index.html">gntalloc</a>
<nav aria-label="Site">${siteLinks(root, section)}</nav>
</header>
<main id="main" tabindex="-1">
${body}
</main>
</body>
</html>
`;
}
