import { posix } from "node:path";
import { relativeLinks } from "../../../scripts/npm/links.ts";
import { exec } from "../../../scripts/exec.ts";
import { rendered } from "./docs.ts";
import { highlighted } from "./highlight.ts";
import { escape } from "./shell.ts";

/** A page that is made of a file of the repository. */
export interface DocPage {
  /** Its path in the site. */
  readonly path: string;
  readonly title: string;
  readonly html: string;
}

/** The guides, in the order of the navigation, with their groups. */
export const GUIDES: Readonly<Record<string, readonly string[]>> = {
  "Begin": ["README", "docs/two-domains", "docs/testing", "docs/cli", "docs/troubleshooting", "docs/glossary"],
  "Use": [
    "docs/semantics",
    "docs/xenstore",
    "docs/vchan",
    "docs/frontends",
    "docs/protocol",
    "docs/recording",
    "docs/node",
  ],
  "Know": ["docs/performance", "docs/platforms", "docs/known-faults", "docs/architecture", "docs/releasing"],
  "Project": ["CONTRIBUTING", "CHANGELOG", "SECURITY", "cli/README"],
};

const LESSON = /^site\/lessons\/\d+_(\w+)\.js$/;

const isMarkdown = (path: string) => path.endsWith(".md");

/** Where the site has a file or folder of the repository. A lesson is in the playground. */
export function placeOf(path: string): string {
  const lesson = LESSON.exec(path);
  if (lesson !== null) return `play/index.html#${lesson[1]}`;
  if (path === "README.md") return "docs/index.html";
  if (isMarkdown(path)) return path.startsWith("docs/") ? path.replace(/\.md$/, ".html") : `docs/${flat(path)}.html`;
  if (path.startsWith("docs/")) return path;
  return `source/${path.replace(/\/$/, "")}.html`;
}

function flat(path: string): string {
  return path.replace(/\.md$/, "").replaceAll("/", "-").toLowerCase();
}

/**
 * Makes the pages of all documents, and of the files and folders of the repository that they name.
 *
 * @param sources Other files that get a page.
 * @throws {Error} if a document names a file that is not there.
 */
export async function docPages(repository: string, sources: readonly string[]): Promise<DocPage[]> {
  const pages: DocPage[] = [];
  const made = new Set<string>();
  const queue = [...Object.values(GUIDES).flat().map((name) => `${name}.md`), ...sources];
  for (const path of queue) {
    const clean = path.replace(/\/$/, "");
    if (made.has(clean)) continue;
    made.add(clean);
    const page = await pageOf(repository, clean);
    if (page === undefined) continue;
    pages.push(page);
    queue.push(...page.names);
  }
  return pages;
}

async function pageOf(
  repository: string,
  path: string,
): Promise<DocPage & { readonly names: readonly string[] } | undefined> {
  const place = placeOf(path);
  const seen = (target: string) => posix.relative(posix.dirname(place), placeOf(target));
  if ((await Deno.stat(`${repository}/${path}`)).isDirectory) {
    const entries = await entriesOf(repository, path);
    const names = entries.filter(({ isFile }) => isFile).map(({ name }) => `${path}/${name}`);
    const rows = entries.map(({ name, isFile }) =>
      `<li>${isFile ? `<a href="${seen(`${path}/${name}`)}">${name}</a>` : `${name}/`}</li>`
    );
    return { path: place, title: path, html: `<h1>${path}</h1>\n<ul>${rows.join("")}</ul>`, names };
  }
  // Pictures are copied as they are, and lessons are in the playground.
  if (path.endsWith(".svg") || LESSON.test(path)) return undefined;
  const text = await Deno.readTextFile(`${repository}/${path}`);
  if (isMarkdown(path)) {
    const names = relativeLinks(path, text).map((link) => link.path);
    return { path: place, ...rendered(path, text, seen), names };
  }
  const code = highlighted(text, path.replace(/^.*\./, ""));
  const html = `<h1>${escape(path)}</h1>\n<pre tabindex="0"><code>${code}</code></pre>`;
  return { path: place, title: path, html, names: [] };
}

/** What the repository has in a folder: other files that lie there are nobody's business. */
async function entriesOf(repository: string, folder: string): Promise<{ name: string; isFile: boolean }[]> {
  const files = (await exec("git", ["ls-files", "-z", "--", folder], { cwd: repository })).split("\0").slice(0, -1);
  const entries = new Map(files.map((file) => {
    const [name = "", ...rest] = file.slice(folder.length + 1).split("/");
    return [name, rest.length === 0];
  }));
  return [...entries].map(([name, isFile]) => ({ name, isFile })).sort((one, other) => one.name < other.name ? -1 : 1);
}
