/**
 * `deno task docs:troubleshooting`: writes docs/troubleshooting.md from the entries of `gntalloc explain`.
 *
 * @module
 */
import { troubleshootingPage } from "../cli/src/explain/entries.ts";
import { exec } from "./exec.ts";

const PAGE = new URL("../docs/troubleshooting.md", import.meta.url);

/** Returns the page as `deno fmt` writes it. */
export async function formattedPage(): Promise<string> {
  return await exec(Deno.execPath(), ["fmt", "--ext", "md", "-"], {
    cwd: new URL("../", import.meta.url),
    input: troubleshootingPage(),
  });
}

if (import.meta.main) await Deno.writeTextFile(PAGE, await formattedPage());
