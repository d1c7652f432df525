/** The snippets of docs/node.md. */

import { type Snippet, snippetsIn } from "../../../scripts/markdown.ts";

/** What most of the snippets say. */
export const SHARED = "shared 2 pages";

/** The snippets, in a folder of a project that has the package installed. */
export class Snippets {
  readonly #all: readonly Snippet[];

  private constructor(readonly project: string, readonly folder: string, all: readonly Snippet[]) {
    this.#all = all;
  }

  /**
   * Writes the snippets that name a file into the folder `docs` of a project, and the program `consumer.ts` beside
   * them.
   *
   * @param repository The folder with `docs/node.md`.
   * @param project A project with the package, koffi and `@types/node`.
   */
  static async write(repository: string, project: string): Promise<Snippets> {
    const all = snippetsIn(await Deno.readTextFile(`${repository}/docs/node.md`));
    const folder = `${project}/docs`;
    await Deno.mkdir(folder, { recursive: true });
    for (const { info, code } of all) {
      const name = info.at(-1);
      if (name?.includes(".")) await Deno.writeTextFile(`${folder}/${name}`, `${code}\n`);
    }
    await Deno.copyFile(`${project}/consumer.ts`, `${folder}/consumer.ts`);
    return new Snippets(project, folder, all);
  }

  /** Returns the code of the snippet with a file name. */
  code(name: string): string {
    return this.#find(name, ({ info }) => info.at(-1) === name);
  }

  /** Returns the words of the command that starts with `start`. */
  command(start: string): string[] {
    return this.#find(start, ({ code }) => code.startsWith(start)).split(" ");
  }

  #find(what: string, matches: (snippet: Snippet) => boolean): string {
    const found = this.#all.find(matches);
    if (found === undefined) throw new Error(`docs/node.md must have the snippet ${what}`);
    return found.code;
  }
}

/** Throws unless a program printed what its snippet promises. */
export function assertPrinted(printed: string, expected: string): void {
  if (printed.trim() !== expected) throw new Error(`it printed ${JSON.stringify(printed)}, not ${expected}`);
}
