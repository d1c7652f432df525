/** XenStore, through the command-line tools of Debian's xenstore-utils. Works in dom0 and in a domU alike. */

/** Writes one key, and whatever folders it needs. */
export async function write(path: string, value: string): Promise<void> {
  // -R: as it is, without the tools' own escapes.
  await tool("xenstore-write", ["-R", path, value]);
}

/** Reads one key; `undefined` when there is none. */
export async function read(path: string): Promise<string | undefined> {
  const { success, stdout } = await output("xenstore-read", ["-R", path]);
  return success ? stdout.replace(/\n$/, "") : undefined;
}

/** The id of the domain that this program runs in. */
export async function ownDomid(): Promise<number> {
  // A relative path is one below /local/domain/<own id>.
  const domid = await read("domid");
  if (domid === undefined) throw new Error("XenStore has no domid");
  return Number(domid);
}

/**
 * Yields the value of a key now, and again after each change, until `timeoutSeconds` have gone by without one.
 *
 * @throws {Error} When that time is over.
 */
export async function* watch(
  path: string,
  timeoutSeconds = Infinity,
): AsyncGenerator<string | undefined, never> {
  const watcher = new Deno.Command("xenstore-watch", {
    args: [path],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wind = () => {
    clearTimeout(timer);
    if (timeoutSeconds === Infinity) return;
    timer = setTimeout(() => {
      late = true;
      watcher.kill("SIGKILL");
    }, timeoutSeconds * 1000);
  };
  try {
    wind();
    // XenStore answers a new watch with one event at once, so no change is missed between the watch and the first read.
    for await (const _ of watcher.stdout) {
      // The time that the caller takes is not silence.
      clearTimeout(timer);
      yield await read(path);
      wind();
    }
    throw new Error(
      late ? `${path} did not change as awaited within ${timeoutSeconds} s` : `xenstore-watch ${path} ended by itself`,
    );
  } finally {
    clearTimeout(timer);
    if (!late) {
      try {
        watcher.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
    }
    await watcher.status;
  }
}

/** Waits until `accept` says yes to the value of a key, and returns that value. */
export async function wait(
  path: string,
  accept: (value: string) => boolean = () => true,
  timeoutSeconds = 60,
): Promise<string> {
  for await (const value of watch(path, timeoutSeconds)) {
    if (value !== undefined && accept(value)) return value;
  }
  throw new Error("a watch ends only by throwing");
}

async function tool(name: string, args: string[]): Promise<void> {
  const { success, stderr } = await output(name, args);
  if (!success) throw new Error(`${name} ${args.join(" ")}: ${stderr.trim()}`);
}

async function output(name: string, args: string[]) {
  const { success, stdout, stderr } = await new Deno.Command(name, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return {
    success,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}
