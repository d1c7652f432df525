/**
 * Returns the command that installs koffi where this program finds it, in whatever folder it is run.
 *
 * @param module The path of a module of this program.
 * @param exists Whether there is a file or folder.
 */
export function koffiCommand(module: string, exists: (path: string) => boolean): string {
  const [, folder] = /^(.*?)\/node_modules\//.exec(module) ?? [];
  if (folder === undefined) return "npm install koffi";
  if (exists(`${folder}/package.json`)) return `npm install --prefix ${quoted(folder)} koffi`;
  // A global installation is no project: npm keeps it in the folder `lib` of its prefix.
  return `npm install --global --prefix ${quoted(folder.replace(/\/lib$/, ""))} koffi`;
}

/** A path as a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w/.@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
