/**
 * `deno task build:npm`: makes the npm package, into `.cache/npm/` or the folder that is the argument. Prints where it is and
 * what its bytes are; the same sources give the same bytes, wherever they lie.
 *
 * `deno pack` does the work. What it does not do is done after it: the fields of package.json that it does not know, maps that do
 * not name this machine, an order of files that is not the disk's, and a look at whether all is there that should be.
 */

import { gunzipSync, gzipSync } from "node:zlib";
import { completed, faultsOf, type Manifest } from "./npm/manifest.ts";
import { withPortableMap } from "./npm/source_map.ts";
import { readTar, writeTar } from "./npm/tar.ts";

const repository = Deno.realPathSync(`${import.meta.dirname}/..`);
const ROOT = "package/";

/** Packs the sources by Deno; returns the archive's files. */
async function pack(folder: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const tarball = `${folder}/packed.tgz`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["pack", "--quiet", "--allow-dirty", "--output", tarball],
    cwd: repository,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`deno pack failed:\n${new TextDecoder().decode(stderr)}`);
  const archive = new Uint8Array(gunzipSync(await Deno.readFile(tarball)));
  await Deno.remove(tarball);
  return readTar(archive);
}

/** Completes the files in place; returns the manifest. */
function complete(files: Map<string, Uint8Array<ArrayBuffer>>): Manifest {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  for (const [path, bytes] of files) {
    if (path.endsWith(".js")) files.set(path, encoder.encode(withPortableMap(decoder.decode(bytes))));
  }
  const manifest = completed(JSON.parse(decoder.decode(files.get(`${ROOT}package.json`))));
  files.set(`${ROOT}package.json`, encoder.encode(`${JSON.stringify(manifest, null, 2)}\n`));
  const paths = new Set([...files.keys()].map((path) => path.slice(ROOT.length)));
  const faults = faultsOf(manifest, paths);
  for (const [path, bytes] of files) {
    if (decoder.decode(bytes).includes(repository)) faults.push(`${path} names a folder of this machine`);
  }
  if (faults.length > 0) throw new Error(`Cannot make the npm package:\n${faults.join("\n")}`);
  return manifest;
}

/** Makes the package in `folder`; returns the tarball's path. */
export async function buildNpm(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const files = await pack(folder);
  const { name, version } = complete(files);
  const tarball = `${folder}/${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
  await Deno.writeFile(tarball, new Uint8Array(gzipSync(writeTar(files), { level: 9 })));
  return tarball;
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

if (import.meta.main) {
  const tarball = await buildNpm(Deno.args[0] ?? `${repository}/.cache/npm`);
  const bytes = await Deno.readFile(tarball);
  const files = readTar(new Uint8Array(gunzipSync(bytes)));
  for (const [path, { length }] of files) console.log(`${String(length).padStart(8)} ${path.slice(ROOT.length)}`);
  console.log(`${tarball}\n${files.size} files, ${bytes.length} bytes, sha256 ${await sha256(tarball)}`);
}
