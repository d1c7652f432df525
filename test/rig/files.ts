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
