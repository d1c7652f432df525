/**
 * `deno task build:npm [FOLDER]`: builds the npm packages of the command line and of the library, in `.cache/npm/` by
 * default. It prints the files, size and hash of each, and then the paths of both. The same sources give the same bytes
 * on every machine.
 *
 * `deno pack` compiles the modules. This script then completes package.json, makes source maps and links portable,
 * sorts the files, and refuses a package with a missing or stray file.
 */

import { posix } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { exec } from "./exec.ts";
import { completedCli, faultsOfCli } from "./npm/cli_manifest.ts";
import { withPackedLinks } from "./npm/links.ts";
import { addressOf, completed, faultsOf, type Manifest } from "./npm/manifest.ts";
import { withPortableMap } from "./npm/source_map.ts";
import { type Files, readTar, writeTar } from "./npm/tar.ts";

const repository = Deno.realPathSync(`${import.meta.dirname}/..`);
const ROOT = "package/";

/** A package as it is built: its files by their paths in it. */
type Package = Map<string, Uint8Array<ArrayBuffer>>;

/** Reads the files of an npm package, by their paths in it. */
export async function readPackage(tarball: string): Promise<Package> {
  const files = readTar(new Uint8Array(gunzipSync(await Deno.readFile(tarball))));
  return new Map([...files].map(([path, bytes]) => [path.slice(ROOT.length), bytes]));
}

/** What differs between the packages of this repository. */
interface Kind {
  /** The folder of its `deno.json`. */
  readonly folder: string;
  /** What it takes from the repository beside its sources. */
  readonly extra: readonly string[];
  /** What `deno pack` writes and it does not have. */
  readonly without: RegExp | undefined;
  complete(packed: Manifest): Manifest;
  faultsOf(manifest: Manifest, paths: ReadonlySet<string>): string[];
}

const LIBRARY: Kind = { folder: repository, extra: [], without: undefined, complete: completed, faultsOf };
const CLI: Kind = {
  folder: `${repository}/cli`,
  extra: ["LICENSE"],
  without: /\.d\.ts$/,
  complete: completedCli,
  faultsOf: (_, paths) => faultsOfCli(paths),
};

/** Has Deno pack the sources. */
async function pack({ folder, extra, without }: Kind, into: string): Promise<Package> {
  const tarball = `${into}/packed.tgz`;
  await exec(Deno.execPath(), ["pack", "--quiet", "--allow-dirty", "--output", tarball], {
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  const files = await readPackage(tarball);
  await Deno.remove(tarball);
  for (const path of extra) files.set(path, await Deno.readFile(`${repository}/${path}`));
  for (const path of files.keys()) if (without?.test(path)) files.delete(path);
  return files;
}

/** Completes the files in place, and returns the manifest. */
function complete({ complete, faultsOf, folder }: Kind, files: Package): Manifest {
  const decoder = new TextDecoder();
  const edit = (path: string, change: (text: string) => string) => {
    files.set(path, new TextEncoder().encode(change(decoder.decode(files.get(path)))));
  };
  const manifest = complete(JSON.parse(decoder.decode(files.get("package.json"))));
  edit("package.json", () => `${JSON.stringify(manifest, null, 2)}\n`);
  // Where the files of the package are in the repository.
  const below = folder.slice(repository.length + 1);
  for (const path of files.keys()) {
    if (path.endsWith(".js")) edit(path, withPortableMap);
    if (path.endsWith(".md")) {
      const absolute = (target: string) => addressOf(manifest.version, posix.join(below, target));
      edit(path, (text) => withPackedLinks(path, text, (target) => files.has(target), absolute));
    }
  }
  const faults = faultsOf(manifest, new Set(files.keys()));
  for (const [path, bytes] of files) {
    if (decoder.decode(bytes).includes(repository)) faults.push(`${path} names a folder of this machine`);
  }
  if (faults.length > 0) throw new Error(`Cannot build the npm package ${manifest.name}:\n${faults.join("\n")}`);
  return manifest;
}

function archive(files: Package): Uint8Array<ArrayBuffer> {
  const rooted: Files = new Map([...files].map(([path, bytes]) => [ROOT + path, bytes]));
  return new Uint8Array(gzipSync(writeTar(rooted), { level: 9 }));
}

async function build(kind: Kind, folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const files = await pack(kind, folder);
  const { name, version } = complete(kind, files);
  const tarball = `${folder}/${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
  await Deno.writeFile(tarball, archive(files));
  return tarball;
}

/** Builds the package of the library in a folder, and returns the path of the tarball. */
export function buildNpm(folder: string): Promise<string> {
  return build(LIBRARY, folder);
}

/** Builds the package of the command line in a folder, and returns the path of the tarball. */
export function buildCli(folder: string): Promise<string> {
  return build(CLI, folder);
}

/** Returns the SHA-256 of a file in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

if (import.meta.main) {
  const { positionals: [folder = `${repository}/.cache/npm`] } = parseArgs({ allowPositionals: true });
  const tarballs = [await buildCli(folder), await buildNpm(folder)];
  for (const tarball of tarballs) {
    const files = await readPackage(tarball);
    for (const [path, { length }] of files) console.log(`${String(length).padStart(8)} ${path}`);
    const { size } = await Deno.stat(tarball);
    console.log(`${files.size} files, ${size} bytes, sha256 ${await sha256(tarball)}\n`);
  }
  // Whoever installs them needs both.
  console.log(tarballs.join("\n"));
}
