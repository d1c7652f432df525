import { Marked, type Tokens } from "marked";
import { posix } from "node:path";
import { escape } from "./shell.ts";
import { highlighted } from "./highlight.ts";
import { sequencePicture } from "./sequence.ts";

/** A document of the repository as a part of a page. */
export interface Rendered {
  readonly title: string;
  readonly html: string;
}

/**
 * Turns a document into HTML.
 *
 * @param path Its path in the repository.
 * @param markdown Its text.
 * @param addressOf Where the site has a file or folder of the repository, seen from this document's page.
 */
export function rendered(path: string, markdown: string, addressOf: (target: string) => string): Rendered {
  let title = path;
  const used = new Map<string, number>();
  let heading = "";
  const named = new Map<string, number>();
  /** Names a place that scrolls by the heading it is under: readers find their way by lists of such names. */
  const nameOf = (kind: string) => {
    const count = (named.get(`${kind} ${heading}`) ?? 0) + 1;
    named.set(`${kind} ${heading}`, count);
    return `${kind}${count === 1 ? "" : ` ${count}`}: ${heading}`;
  };
  const link = (href: string) => {
    if (/^(\w+:|#)/.test(href)) return href;
    const [target, fragment] = href.split("#") as [string, string?];
    const address = addressOf(posix.normalize(posix.join(posix.dirname(path), target)));
    return fragment === undefined ? address : `${address}#${fragment}`;
  };
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        heading = plain(text);
        if (depth === 1) title = heading;
        const id = slug(heading, used);
        return `<h${depth} id="${escape(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        return `<a href="${escape(link(href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text }: Tokens.Image) {
        return `<img src="${escape(link(href))}" alt="${escape(text)}" loading="lazy">`;
      },
      code({ text, lang = "" }: Tokens.Code) {
        if (lang === "mermaid") return sequencePicture(text, nameOf("Diagram"));
        return `<pre tabindex="0"><code>${highlighted(text, lang.split(" ", 1)[0]!)}</code></pre>\n`;
      },
      table({ header, rows }: Tokens.Table) {
        const cell = (name: "th" | "td") => ({ tokens, text }: Tokens.TableCell) => {
          // A corner without words heads nothing.
          const kind = text === "" ? "td" : name;
          return `<${kind}>${this.parser.parseInline(tokens)}</${kind}>`;
        };
        return `<div class="table" tabindex="0" role="group" aria-label="${
          escape(nameOf("Table"))
        }"><table><thead><tr>${header.map(cell("th")).join("")}</tr></thead><tbody>${
          rows.map((row) => `<tr>${row.map(cell("td")).join("")}</tr>`).join("\n")
        }</tbody></table></div>`;
      },
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { title, html };
}

/** The text of a heading without marks. */
function plain(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*_]/g, "");
}

/** The name of a heading in addresses, as hosts of repositories make it. */
function slug(text: string, used: Map<string, number>): string {
  const base = text.toLowerCase().replace(/[^\p{L}\p{N}\- ]/gu, "").replaceAll(" ", "-");
  const count = used.get(base) ?? 0;
  used.set(base, count + 1);
  return count === 0 ? base : `${base}-${count}`;
}
