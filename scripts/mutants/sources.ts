/**
 * The sources that are changed, and the folders of tests that are likely to notice.
 *
 * @module
 */
import { run } from "../exec.ts";

export const ROOT = new URL("../../", import.meta.url);

/** What the package ships. */
const SHIPPED = /^(src|backends|wasm\/assembly)\/.*\.ts$|^wasm\/core\.ts$/;

/** Sources that only `test:npm` runs, and the assertions of the debug core, which is not shipped. */
const EXCEPT = /^backends\/(node|linux\/node_waiting)\.ts$|^wasm\/assembly\/debug\.ts$/;

/** Folders of tests for sources whose folder has not the same name in `test/`. */
const NEAREST: readonly [source: RegExp, folders: readonly string[]][] = [
  [/^wasm\//, ["core"]],
  [/^src\/contract\//, ["contract", "grants", "maps", "events"]],
  [/^src\/shared\//, ["grants", "maps"]],
  [/^backends\/deno/, ["linux"]],
  [/^backends\/intercept\//, ["intercept", "record", "faults"]],
];

/** Returns the files of the repository, also new ones, that Git does not ignore. */
export async function repositoryFiles(): Promise<string[]> {
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT });
  const paths = [...new Set(stdout.split("\0"))].filter((path) => path !== "").sort();
  const found = await Promise.all(paths.map((path) => Deno.lstat(new URL(path, ROOT)).catch(() => undefined)));
  return paths.filter((_path, index) => found[index]?.isFile);
}

/** Whether a file of the repository is a source to change. */
export function isSource(path: string): boolean {
  return SHIPPED.test(path) && !EXCEPT.test(path);
}

/** The folders of tests that are nearest to a source. */
export function nearestTests(path: string): string[] {
  const folders = NEAREST.find(([source]) => source.test(path))?.[1] ?? [];
  if (folders.length > 0) return folders.map((folder) => `test/${folder}/`);
  return [`test/${path.split("/")[1]!.replace(/\.ts$/, "")}/`];
}
