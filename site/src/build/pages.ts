import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { SANDBOX_SCRIPT } from "../play/sandbox_script.ts";
import type { Bundles } from "./bundle.ts";
import { docPages, GUIDES, placeOf } from "./doc_pages.ts";
import { homeBody } from "./home_page.ts";
import { PLAY_BODY } from "./play_page.ts";
import { readLessons } from "./lessons.ts";
import { playing, READING } from "./policies.ts";
import { REGISTRATION, serviceWorker } from "./service_worker.ts";
import { namesFolder } from "./own_folder.ts";
import { escape, type PageParts, shell as shellOf } from "./shell.ts";
import { apiSymbols } from "./symbols.ts";

/**
 * Writes all pages but the API reference, and what they need.
 *
 * @param sources The sources that the reference names.
 */
export async function writePages(
  repository: string,
  site: string,
  cache: string,
  bundles: Bundles,
  sources: readonly string[],
): Promise<void> {
  const write = async (path: string, text: string) => {
    await Deno.mkdir(dirname(`${site}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${site}/${path}`, text);
  };
  /** Writes a file whose name changes with its text, so that browsers may keep it for ever. */
  const asset = async (name: string, text: string) => {
    const path = `assets/${name.replace(".", `-${await hashOf(text)}.`)}`;
    await write(path, text);
    return path;
  };
  const source = (path: string) => Deno.readTextFile(`${repository}/${path}`);

  const colours = await source("site/style/code.css");
  const styles = await asset("site.css", await source("site/style/site.css") + colours);
  const playStyles = await asset("play.css", await source("site/style/play.css"));
  const editorStyles = await asset("editor.css", await source("site/style/editor.css") + colours);
  const symbols = await asset("symbols.json", JSON.stringify(await apiSymbols(repository)));
  const lessons = await readLessons(repository);
  // The page has them in itself: one request less, before its buttons work.
  const data = JSON.stringify(lessons).replaceAll("<", "\\u003c");
  const registration = await asset("register.js", REGISTRATION);
  const shell = (parts: Omit<PageParts, "registration">) => shellOf({ ...parts, registration });
  await write("icon.svg", await source("site/style/icon.svg"));

  const head = [
    `<link id="runner" rel="preload" as="fetch" crossorigin href="../${bundles.runner}">`,
    `<meta name="editor-styles" content="../${editorStyles}">`,
    `<link id="symbols" rel="prefetch" as="fetch" crossorigin href="../${symbols}">`,
    `<script type="module" src="../${bundles.play}"></script>`,
  ].join("\n");
  const policy = await playing(SANDBOX_SCRIPT, await pictureStyles(cache));
  await write(
    "play/index.html",
    shell({
      title: "Playground · gntalloc",
      root: "../",
      section: "Playground",
      styles: [styles, playStyles],
      policy,
      head,
      body: `${PLAY_BODY}\n<script type="application/json" id="lessons">${data}</script>`,
    }),
  );
  await write(
    "index.html",
    shell({
      title: "gntalloc",
      root: "",
      section: "",
      styles: [styles],
      policy: READING,
      body: homeBody(lessons),
    }),
  );
  const guides: string[] = [];
  for (const { path, title, html } of await docPages(repository, sources)) {
    if (path.startsWith("docs/")) guides.push(path);
    const isPerformance = path === "docs/performance.html";
    await write(
      path,
      shell({
        title: `${title} · gntalloc`,
        root: "../".repeat(path.split("/").length - 1),
        section: isPerformance ? "Performance" : "Guides",
        styles: [styles],
        policy: READING,
        body: `<div class="guide"><article><a class="to-guides" href="#guides">All guides</a>${html}</article>${
          guideList(path)
        }</div>`,
      }),
    );
  }
  for await (const { name } of Deno.readDir(`${repository}/docs`)) {
    if (!name.endsWith(".svg")) continue;
    await Deno.copyFile(`${repository}/docs/${name}`, `${site}/docs/${name}`);
    guides.push(`docs/${name}`);
  }
  const playground = [
    "index.html",
    "play/index.html",
    "icon.svg",
    registration,
    styles,
    playStyles,
    editorStyles,
    symbols,
    bundles.play,
    ...bundles.modules,
    bundles.runner,
  ];
  await write("sw.js", serviceWorker(await versionOf(site, repository), playground, guides.sort()));
}

/** The list of guides, with the current one marked. */
function guideList(path: string): string {
  const up = "../".repeat(path.split("/").length - 1);
  const groups = Object.entries(GUIDES).map(([name, guides]) => {
    const links = guides.map((guide) => {
      const place = placeOf(`${guide}.md`);
      return `<li><a href="${up}${place}"${place === path ? ' aria-current="page"' : ""}>${
        escape(nameOf(guide))
      }</a></li>`;
    });
    return `<h2>${name}</h2><ul>${links.join("")}</ul>`;
  });
  return `<nav aria-label="Guides" class="guides" id="guides">${groups.join("")}</nav>`;
}

const NAMES: Readonly<Record<string, string>> = {
  "README": "Overview",
  "docs/cli": "Command line",
  "docs/xenstore": "XenStore",
  "docs/vchan": "vchan",
  "docs/node": "Node and browsers",
  "cli/README": "The package of the command line",
  "CHANGELOG": "Changes",
};

function nameOf(guide: string): string {
  const words = guide.replace(/^docs\//, "").replaceAll("-", " ").toLowerCase();
  return NAMES[guide] ?? words[0]!.toUpperCase() + words.slice(1);
}

/** The sheet of styles that pictures of the packed library carry. */
async function pictureStyles(cache: string): Promise<string> {
  const module = `${cache}/node_modules/@gntalloc/gntalloc/src/pictures/mod.js`;
  const { drawXen } = await import(pathToFileURL(module).href);
  return /<style>(.*?)<\/style>/s.exec(drawXen({ domains: [] }))![1]!;
}

async function hashOf(text: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 10);
}

/**
 * A word that changes with each file of the site.
 *
 * @throws {Error} if a file names the folder of the repository on this machine.
 */
async function versionOf(site: string, repository: string): Promise<string> {
  const hashes: string[] = [];
  const visit = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) {
        await visit(path);
        continue;
      }
      const bytes = await Deno.readFile(path);
      if (namesFolder(Buffer.from(bytes).toString("latin1"), repository)) {
        throw new Error(`Cannot build ${path}: it names ${repository}`);
      }
      hashes.push(`${path.slice(site.length)} ${await hashOf(bytes)}`);
    }
  };
  await visit(site);
  return await hashOf(hashes.sort().join("\n"));
}
