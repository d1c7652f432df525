import type { Entry } from "./cpio.ts";

/** Returns the only file of a folder whose name matches. The names of Debian's files have versions that change. */
export async function onlyMatch(
  folder: string,
  pattern: RegExp,
): Promise<string> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (pattern.test(name)) found.push(`${folder}/${name}`);
  }
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) {
    throw new Error(`${folder} has ${found.length} files like ${pattern}`);
  }
  return only;
}

/** Returns the files below some paths of a folder. */
export async function fileEntries(folder: string, at: string, paths: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  const walk = async (path: string) => {
    const from = `${folder}/${path}`;
    const info = await Deno.stat(from).catch(() => undefined);
    if (info?.isFile) entries.push({ path: `${at}/${path}`, from });
    if (!info?.isDirectory) return;
    for (const name of await namesIn(from)) await walk(`${path}/${name}`);
  };
  for (const path of paths) await walk(path);
  return entries;
}

/** Returns the names in a folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
