/**
 * `deno task build:core`: compiles the core into `wasm/core.wasm`, embeds that in `wasm/core_embedded.ts`, and compiles
 * `wasm/core_debug.wasm` for tests. With `--check` it writes nothing, and fails if the committed files differ.
 */
import asc from "assemblyscript/asc";
import { parseArgs } from "node:util";

const root = new URL("../", import.meta.url);
const encoder = new TextEncoder();

async function compile(entry: string, flags: string[]): Promise<Uint8Array> {
  let output: Uint8Array | undefined;
  const { error, stderr } = await asc.main([
    entry,
    "--outFile",
    "core.wasm",
    "--runtime",
    "stub",
    "--enable",
    "simd",
    ...flags,
  ], {
    readFile: (name: string) => {
      try {
        return Deno.readTextFileSync(new URL(name, root));
      } catch {
        return null; // asc probes for files that may not exist
      }
    },
    writeFile: (_name: string, contents: string | Uint8Array) => {
      output = typeof contents === "string" ? encoder.encode(contents) : contents;
    },
    listFiles: () => null,
  });
  if (error || !output) throw new Error(`Cannot compile ${entry}: ${error?.message}\n${stderr}`);
  return output;
}

function embed(module: Uint8Array<ArrayBuffer>): Uint8Array {
  const lines = module.toBase64().match(/.{1,112}/g)!;
  return encoder.encode(
    "// Made by `deno task build:core` from wasm/assembly/: do not edit.\n\n" +
      "/** The bytes of core.wasm, in base64. */\n" +
      `export const CORE =\n  ${lines.map((line) => `"${line}"`).join(" +\n  ")};\n`,
  );
}

// Higher levels inline functions for no gain. Those that gain from it are marked @inline.
const OPTIMISED = ["--optimizeLevel", "3", "--shrinkLevel", "1", "--noAssert"];
const release = new Uint8Array(await compile("wasm/assembly/release.ts", OPTIMISED));
const files: [string, Uint8Array][] = [
  ["wasm/core.wasm", release],
  ["wasm/core_embedded.ts", embed(release)],
  ["wasm/core_debug.wasm", await compile("wasm/assembly/debug.ts", ["-O1"])],
];

const { values } = parseArgs({ options: { check: { type: "boolean" } } });
for (const [path, contents] of files) {
  const url = new URL(path, root);
  if (!values.check) {
    Deno.writeFileSync(url, contents);
    console.log(`${path}: ${contents.length} bytes`);
    continue;
  }
  const committed = Deno.readFileSync(url);
  if (committed.length !== contents.length || committed.some((byte, index) => byte !== contents[index])) {
    console.error(
      `${path} differs from what its sources compile to: run \`deno task build:core\` and commit the result`,
    );
    Deno.exit(1);
  }
  console.log(`${path}: up to date`);
}
