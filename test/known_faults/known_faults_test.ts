/** The known faults of the driver: none is in this library, and the check of each finds it when it is planted. */
import { describe, expect, test } from "vitest";
import * as mock from "../../backends/mock.ts";
import * as library from "../../mod.ts";
import { exec, run } from "../../scripts/exec.ts";
import { CASES, type Patch } from "./cases.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Makes a copy of the library with a patch. */
async function patchedCopy({ file, find, replace }: Patch): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (
    const part of ["mod.ts", "src", "backends", "wasm", "scripts", "cli", "deno.json", "deno.lock", "package.json"]
  ) {
    await exec("cp", ["-r", `${root}${part}`, `${folder}/${part}`]);
  }
  // The compiler of the core.
  await Deno.symlink(`${root}node_modules`, `${folder}/node_modules`);
  const source = await Deno.readTextFile(`${folder}/${file}`);
  expect(source.split(find).length - 1, `times that the patched text is in ${file}`).toBe(1);
  await Deno.writeTextFile(`${folder}/${file}`, source.replace(find, replace));
  if (file.startsWith("wasm/")) await exec(Deno.execPath(), ["run", "-A", `${folder}/scripts/build_core.ts`]);
  return folder;
}

describe.each(CASES)("$name: $fault", ({ name, check, says, patch }) => {
  test("is not in this library", () => {
    check({ ...library, ...mock });
  });

  test("is found when it is planted", { timeout: 300_000 }, async () => {
    const folder = await patchedCopy(patch);
    try {
      const program = ["run", "-A", "--no-check", `${root}test/known_faults/check.ts`, folder, name];
      const { success, stderr } = await run(Deno.execPath(), program);
      expect(success, stderr).toBe(false);
      expect(stderr).toContain("fault found");
      expect(stderr).toContain(says);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});
