/**
 * What Deno keeps of the programs that it has compiled, made before a guest boots: in an emulated guest, to compile a program
 * takes several times as long as to run it.
 *
 * @module
 */

import { run } from "../../scripts/exec.ts";
import type { Entry } from "./cpio.ts";
import { fileEntries, namesIn } from "./files.ts";
import { RUN } from "./guest/child.ts";

/** Where Deno keeps it, in guests, and in the tree of files that runs the programs here. */
const KEPT = "var/cache/deno";

/** The programs that guests run. One that is missing here starts more slowly. */
const PROGRAMS = [
  ...["loopback.ts", "differential.ts", "node.ts", "litmus.ts", "domu_dom0.ts", "own_grant.ts", "suspend.ts"],
  ...["store.ts", "vchan/dom0.ts", "cli/dom0.ts", "disk/dom0.ts"],
  ...["domu_guest.ts", "peer_deno.ts", "exits_deno.ts", "hold.ts", "churn.ts", "dead_views.ts", "disk/user_deno.ts"],
].map((name) => `test/rig/guest/${name}`);
const EXAMPLES = ["share.ts", "ring.ts", "vchan.ts"].map((name) => `examples/${name}`);
/** Imports a program. It may fail: it finds neither arguments nor a device. */
const IMPORT = "await import(`/repo/${Deno.args[0]}`).catch(() => {}); Deno.exit();";
const DENO = ["/usr/bin/deno", ...RUN, "/tmp/import.ts"];
/** The whole environment: what is set on this machine is not set in a guest. */
const ENVIRONMENT = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", `DENO_DIR=/${KEPT}`, "DENO_NO_UPDATE_CHECK=1", "HOME=/root"];
/** The time that an import may take. */
const LIMIT_SECONDS = 120;
/** Runs a command in a tree of files of its own, with a `/proc` that goes with it. */
const INSIDE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/**
 * Imports the programs of guests on this machine, without running them.
 *
 * @param image Deno and the programs, as entries of an image.
 * @param folder A folder for a tree of these files.
 * @returns What is to be added to an image.
 */
export async function warm(image: readonly Entry[], folder: string): Promise<Entry[]> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await writeTree(image, folder);
  for (const name of ["tmp", "proc"]) await Deno.mkdir(`${folder}/${name}`);
  await Deno.writeTextFile(`${folder}/tmp/import.ts`, IMPORT);
  for (const program of [...PROGRAMS, ...EXAMPLES]) {
    const { stderr } = await run("env", [
      "-i",
      ...ENVIRONMENT,
      ...["timeout", "--signal=KILL", `${LIMIT_SECONDS}`],
      ...INSIDE,
      `--root=${folder}`,
      ...DENO,
      program,
    ]);
    // However the program ended, Deno has compiled it.
    await Deno.stat(`${folder}/${KEPT}/gen/file/repo/${program}.js`).catch(() => {
      throw new Error(`Deno has not kept ${program}: ${stderr}`);
    });
  }
  return await fileEntries(`${folder}/${KEPT}`, KEPT, await namesIn(`${folder}/${KEPT}`));
}

/** Returns what is of use on another processor: all but what V8 has compiled. */
export function portable(kept: readonly Entry[]): Entry[] {
  return kept.filter(({ path }) => !path.includes("/v8_code_cache"));
}

/** Writes entries as files. */
async function writeTree(entries: readonly Entry[], folder: string): Promise<void> {
  for (const entry of entries) {
    const path = `${folder}/${entry.path}`;
    await Deno.mkdir("folder" in entry ? path : path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if ("link" in entry) await Deno.symlink(entry.link, path);
    else if ("text" in entry) await Deno.writeTextFile(path, entry.text);
    else if ("from" in entry) await Deno.copyFile(entry.from, path);
  }
}
