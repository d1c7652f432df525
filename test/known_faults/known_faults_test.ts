/** Each known fault of the driver under its name: it is not here, and if it were, its check would say so. */
import { describe, expect, test } from "vitest";
import * as mock from "../../backends/mock.ts";
import * as library from "../../mod.ts";
import { CASES, type Patch } from "./cases.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A copy of the library with a patch. */
function patchedCopy({ file, find, replace }: Patch): string {
  const folder = Deno.makeTempDirSync();
  for (const part of ["mod.ts", "src", "backends", "wasm", "scripts", "deno.json", "deno.lock", "package.json"]) {
    run("cp", "-r", `${root}${part}`, `${folder}/${part}`);
  }
  // Its compiler.
  Deno.symlinkSync(`${root}node_modules`, `${folder}/node_modules`);
  const source = Deno.readTextFileSync(`${folder}/${file}`);
  expect(source.split(find).length - 1, `times that the patched text is in ${file}`).toBe(1);
  Deno.writeTextFileSync(`${folder}/${file}`, source.replace(find, replace));
  if (file.startsWith("wasm/")) run(Deno.execPath(), "run", "-A", `${folder}/scripts/build_core.ts`);
  return folder;
}

function run(command: string, ...args: string[]): { success: boolean; said: string } {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  const said = new TextDecoder().decode(stderr);
  if (!success && !said.includes("fault found")) throw new Error(`${command} ${args.join(" ")}: ${said}`);
  return { success, said };
}

describe.each(CASES)("$name: $fault", ({ name, check, says, patch }) => {
  test("is not here", () => {
    check({ ...library, ...mock });
  });

  test("would be found", { timeout: 300_000 }, () => {
    const folder = patchedCopy(patch);
    try {
      const { success, said } = run(
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        `${root}test/known_faults/check.ts`,
        folder,
        name,
      );
      expect(success, said).toBe(false);
      expect(said).toContain(says);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
});
