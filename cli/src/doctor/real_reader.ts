import { GrantError } from "@gntalloc/gntalloc";
import { StoreError, XenStore } from "@gntalloc/gntalloc/xenstore";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { access, constants, readFile } from "node:fs/promises";
import { release } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { realDomain } from "../real_domain.ts";
import { koffiCommand } from "./koffi_command.ts";
import type { Problem, Reader } from "./reader.ts";

/** How long a command may take, in milliseconds. */
const PATIENCE = 3000;

/** Says what this program runs on. */
export function thisRuntime(): Reader["runtime"] {
  const { deno, node } = process.versions;
  return deno === undefined ? { name: "Node", version: node } : { name: "Deno", version: deno };
}

/** Reads facts about the system that this program runs on. */
export function realReader(): Reader {
  let domid: Promise<number | Problem> | undefined;
  return {
    platform: process.platform,
    runtime: thisRuntime(),
    koffi: koffiCommand(fileURLToPath(import.meta.url), existsSync),
    isRoot: attempt(() => process.getuid?.() === 0) ?? false,
    kernel: attempt(release),
    async text(path) {
      try {
        return (await readFile(path, "utf8")).trim();
      } catch (error) {
        return problemOf(error);
      }
    },
    async access(path) {
      try {
        await access(path, constants.R_OK | constants.W_OK);
      } catch (error) {
        return problemOf(error);
      }
    },
    command: (name, args) =>
      new Promise((resolve) => {
        try {
          execFile(
            name,
            [...args],
            { timeout: PATIENCE },
            (error, stdout) => resolve(error ? undefined : stdout.trim()),
          );
        } catch {
          // Deno may not run commands.
          resolve(undefined);
        }
      }),
    async ffi() {
      try {
        // It reads a file through the C library.
        (await realDomain()).grants.limit?.();
      } catch (error) {
        if (error instanceof GrantError && (error.code === "permission" || error.code === "unsupported")) return error;
      }
    },
    domid: () => domid ??= askForDomid(),
  };
}

async function askForDomid(): Promise<number | Problem> {
  try {
    // The time limit is that of XenStore itself: it begins when the C library is loaded, which may take long, too.
    const store = await XenStore.open(await realDomain());
    try {
      return await store.ownDomid();
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof StoreError || error instanceof GrantError) return error;
    throw error;
  }
}

/** Why a call of the system failed. What Deno does not permit is no right, too. */
function problemOf(error: unknown): Problem {
  const { code, name, message } = error as { code?: string; name: string; message: string };
  return { code: code ?? (name === "NotCapable" ? "EACCES" : name), message };
}

function attempt<Value>(get: () => Value): Value | undefined {
  try {
    return get();
  } catch {
    // Deno may not tell.
    return undefined;
  }
}
