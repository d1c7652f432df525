/**
 * Builds the core: `wasm/core.wasm`, the same embedded in `wasm/core_embedded.ts`, and `wasm/core_debug.wasm` for tests.
 * With `--check` it builds them in memory and fails where the committed files differ.
 */
import asc from "assemblyscript/asc";

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
        return null; // asc asks for files that may not be there
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
    `// Made by \`deno task build:core\` from wasm/assembly/: do not edit.\n\n/** The bytes of core.wasm, in base64. */\n` +
      `export const CORE =\n  ${lines.map((line) => `"${line}"`).join(" +\n  ")};\n`,
  );
}

// With more than this asc makes copies of functions that do not pay: those that do are marked.
const OPTIMISED = ["--optimizeLevel", "3", "--shrinkLevel", "1", "--noAssert"];
const release = new Uint8Array(await compile("wasm/assembly/release.ts", OPTIMISED));
const files: [string, Uint8Array][] = [
  ["wasm/core.wasm", release],
  ["wasm/core_embedded.ts", embed(release)],
  ["wasm/core_debug.wasm", await compile("wasm/assembly/debug.ts", ["-O1"])],
];

const check = Deno.args.includes("--check");
for (const [path, contents] of files) {
  const url = new URL(path, root);
  if (!check) {
    Deno.writeFileSync(url, contents);
    console.log(`${path}: ${contents.length} bytes`);
    continue;
  }
  const committed = Deno.readFileSync(url);
  if (committed.length !== contents.length || committed.some((byte, index) => byte !== contents[index])) {
    console.error(`${path} is not what its source gives: run \`deno task build:core\` and commit the result`);
    Deno.exit(1);
  }
  console.log(`${path}: as committed`);
}
