// Runs a bundled worker in workerd for one request, and prints its answer. Arguments: the bundle, the compatibility
// date, and the path of the core if the worker imports it as a module. Run it in a project with miniflare.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const { Miniflare } = createRequire(`${process.cwd()}/`)("miniflare");
const [bundle, compatibilityDate, core] = process.argv.slice(2);
const modules = [{ type: "ESModule", path: "/worker.js", contents: readFileSync(bundle, "utf8") }];
if (core) {
  modules.push({ type: "CompiledWasm", path: "/@gntalloc/gntalloc/core.wasm", contents: readFileSync(core) });
}
const miniflare = new Miniflare({ modulesRoot: "/", modules, compatibilityDate });
try {
  const response = await miniflare.dispatchFetch("http://localhost/");
  console.log(await response.text());
} finally {
  await miniflare.dispose();
}
