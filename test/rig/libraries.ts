/**
 * Finds the shared libraries of programs. It runs none of them, as they may be for another processor.
 *
 * @module
 */

import { exec } from "../../scripts/exec.ts";
import { isNative, type Machine, PROCESSORS } from "./machines.ts";

/** A library: the file, and where the loader of a guest looks for it. */
interface Library {
  readonly path: string;
  readonly from: string;
}

/** Returns the folders where the libraries of a machine are, in the order of search. */
function libraryFolders(machine: Machine, packages: string): string[] {
  const { triplet } = PROCESSORS[machine.architecture];
  const folders = [`/usr/lib/${triplet}`, `/lib/${triplet}`];
  // The packages of the native machine are those that this machine may not have.
  return [...folders.map((folder) => `${packages}${folder}`), ...(isNative(machine) ? folders : [])];
}

/** Returns the loaders of programs and the libraries that these load, with the libraries of the libraries. */
export async function librariesOf(
  machine: Machine,
  packages: string,
  programs: readonly string[],
): Promise<Library[]> {
  const folders = libraryFolders(machine, packages);
  const { triplet } = PROCESSORS[machine.architecture];
  const found = new Map<string, string>();
  let files = programs;
  while (files.length > 0) {
    const said = await exec("readelf", ["--wide", "--dynamic", "--program-headers", ...files], {
      env: { LC_ALL: "C" },
    });
    const loaders = [...said.matchAll(/Requesting program interpreter: \/(.+)\]/g)].map(([, path]) =>
      path!.replace(/^(usr\/)?/, "usr/")
    );
    // A loader is also a library, and is loaded already.
    const names = [...said.matchAll(/\(NEEDED\) +Shared library: \[(.+)\]/g)].map(([, name]) => name!)
      .filter((name) => !name.startsWith("ld-linux"));
    const paths = new Set([...loaders, ...names.map((name) => `usr/lib/${triplet}/${name}`)]);
    files = [];
    for (const path of paths) {
      if (found.has(path)) continue;
      const from = await firstIn(folders, path.split("/").at(-1)!);
      found.set(path, from);
      files = [...files, from];
    }
  }
  return [...found].map(([path, from]) => ({ path, from }));
}

async function firstIn(folders: readonly string[], name: string): Promise<string> {
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error(`a library is missing: ${name}`);
}
