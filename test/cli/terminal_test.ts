/** What is interactive, in a terminal of tmux. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { exec, run } from "../../scripts/exec.ts";
import { ensureTmux } from "../support/ensure.ts";
import { DENO, lines } from "./cli.ts";

const WIDTH = 90;
/** How long something may take to show, in milliseconds. */
const PATIENCE = 30_000;
/** A server of tmux outlives a test that is killed, but not its only shell. */
const LIMITED = "timeout --foreground 300";

/** Each test has a server of tmux of its own: one that is ending takes no new sessions. */
let servers = 0;
const socket = () => `${folder}/tmux-${servers}`;
const tmux = (...args: string[]) => exec("tmux", ["-S", socket(), ...args]);

let folder: string;
beforeAll(async () => {
  await ensureTmux();
  folder = await Deno.makeTempDir();
});
afterEach(async () => {
  await run("tmux", ["-S", socket(), "kill-server"]);
  servers++;
});
afterAll(() => Deno.remove(folder, { recursive: true }));

/** The words of a command, for a shell. */
const quote = (words: readonly string[]) => words.map((word) => /^[\w=]+$/.test(word) ? word : `'${word}'`).join(" ");

/** Opens a terminal with a shell. */
const openShell = (shell = `env -u NO_COLOR ${LIMITED} sh`) =>
  tmux("-f", "/dev/null", "new-session", "-d", "-x", String(WIDTH), "-y", "20", shell);

/** Runs the program in a new terminal. Its exit code is shown at the end. */
async function open(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  await openShell();
  await tmux(
    "send-keys",
    `clear; ${quote([...variables, Deno.execPath(), ...DENO, ...args])}; echo "ended with $?"`,
    "Enter",
  );
}

/** Waits until the terminal shows a text. Returns what it shows, with the colours. */
async function shows(text: string): Promise<string> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const shown = await tmux("capture-pane", "-p", "-e");
    // deno-lint-ignore no-control-regex
    if (shown.replace(/\u001b\[[\d;]*m/g, "").includes(text)) return shown;
    if (Date.now() > end) throw new Error(`the terminal does not show ${text}:\n${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("`share` holds until a key is pressed", async () => {
  await open(["share", "--to", "0", "--mock"]);
  await shows("press a key to release them");
  await tmux("send-keys", "x");
  await shows("released 1 page");
  await shows("ended with 0");
});

test("`share` releases on Ctrl-C, and the terminal is as it was", async () => {
  await open(["share", "--to", "0", "--mock"]);
  await shows("press a key to release them");
  await tmux("send-keys", "C-c");
  await shows("released 1 page");
  await shows("ended with 130");
  // It echoes again.
  await tmux("send-keys", "echo well $((40 + 2))", "Enter");
  await shows("well 42");
});

test("`share` takes Ctrl-Z for no key, and Ctrl-\\ for a signal", async () => {
  await open(["share", "--to", "0", "--mock"]);
  await shows("press a key to release them");
  await tmux("send-keys", "C-z");
  await tmux("send-keys", "C-\\");
  await shows("released 1 page");
  await shows("ended with 131");
});

describe("a terminal that is closed", () => {
  /**
   * Runs the program under a shell that stays when its terminal is closed, so that the program gets no signal. Returns
   * where the shell writes the exit code.
   */
  async function openLasting(args: readonly string[]): Promise<string> {
    const ended = `${folder}/ended-${servers}`;
    const words = quote([Deno.execPath(), ...DENO, ...args]);
    await openShell(`trap : HUP; ${LIMITED} ${words}; echo $? >'${ended}.new'; mv '${ended}.new' '${ended}'`);
    return ended;
  }

  async function contents(path: string): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      try {
        return await Deno.readTextFile(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound) || Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  test.each([
    ["share", ["share", "--to", "0", "--mock"], "press a key to release them"],
    ["map --hold", ["map", "1", "ring", "--hold", ...lines("1: share ring --to 0")], "press a key to unmap"],
    ["top", ["top", ...lines("1: share ring --to 0")], "1: shares 1 page"],
  ])("ends `%s`, also under a shell that keeps SIGHUP to itself", async (_, args, text) => {
    const ended = await openLasting(args);
    await shows(text);
    await tmux("kill-session");
    expect(await contents(ended)).toBe("129\n");
  });
});

test("`map` shows that it waits for a name", async () => {
  await open(["map", "1", "ring", "--timeout", "3s", ...lines("start", "1: sleep 60s")]);
  await shows("waiting for domain 1 to publish ring");
  const shown = await shows("ended with 1");
  expect(shown).not.toContain("waiting for domain 1");
});

test("`map --watch` marks what changes", async () => {
  // What `map` writes says that it is there.
  const ready = "1: expect ring 0 x 10s";
  const script = lines("1: share ring --to 0 --writable", "start", ready, "1: write ring 3 A", "0: sleep 1s");
  await open(["map", "1", "ring", "--write", "0=x", "--length", "16", "--watch", "--every", "50ms", ...script]);
  const shown = await shows("78 00 00 41");
  expect(shown).toContain("\u001b[1m41");
  await shows("ended with 0");
});

describe("top", () => {
  const script = lines("1: share ring --to 0 --pages 2", "0: map view 1 ring", "1: free ring");

  test("draws in place, and gives the terminal back", async () => {
    await open(["top", "--every", "200ms", ...script]);
    const shown = await shows("2 held by peers");
    expect(shown).toContain("(a key ends it)");
    expect(shown).toContain("\u001b[33m");
    await tmux("send-keys", "q");
    const after = await shows("ended with 0");
    expect(after).not.toContain("held by peers");
  });

  test("ends on Ctrl-C, and gives the terminal back", async () => {
    await open(["top", "--every", "200ms", ...script]);
    await shows("2 held by peers");
    await tmux("send-keys", "C-c");
    expect(await shows("ended with 130")).not.toContain("held by peers");
  });

  test.each([["NO_COLOR", "1"], ["TERM", "dumb"]])("writes no colours under %s=%s", async (name, value) => {
    await open(["top", "--every", "200ms", ...script], { [name]: value });
    // deno-lint-ignore no-control-regex
    expect(await shows("2 held by peers")).not.toMatch(/\u001b\[33m/);
    await tmux("send-keys", "q");
    await shows("ended with 0");
  });
});

test("`doctor --mock` asks for no permission", async () => {
  await open(["doctor", "--mock"]);
  await shows("12 passed");
  await shows("ended with 0");
});

describe("what a terminal gets, byte by byte", () => {
  /** Runs the program in a terminal of the size 0 × 0, as a serial line has it. */
  async function written(args: readonly string[], term: string): Promise<string> {
    const words = [Deno.execPath(), ...DENO, ...args].map((word) => `'${word}'`).join(" ");
    const command = `stty rows 0 cols 0; ${LIMITED} ${words}`;
    return (await run("script", ["-qec", command, "/dev/null"], { env: { TERM: term, NO_COLOR: "1" } })).stdout;
  }
  const script = lines("1: share ring --to 0 --pages 2", "0: map view 1 ring");

  test("`top` draws on a terminal without a size", async () => {
    const shown = await written(["top", "--once", ...script], "xterm");
    expect(shown).toContain("\u001b[?1049h");
    expect(shown).toContain("at the end of the script");
    expect(shown).toContain("  maps 8-9 of domain 1");
  });

  test("`top` and `map` command no dumb terminal", async () => {
    const shown = await written(["top", "--once", ...script], "dumb");
    expect(shown).toContain("  maps 8-9 of domain 1");
    const mapped = await written(["map", "1", "ring", "--length", "16", ...script.slice(0, 2)], "dumb");
    expect(mapped).toContain("00000000  00 ");
    expect(shown + mapped).not.toContain("\u001b");
  });
});

test("bash completes commands and options", async () => {
  await Deno.writeTextFile(
    `${folder}/gntalloc`,
    `#!/bin/sh\nexec ${[Deno.execPath(), ...DENO].map((word) => `'${word}'`).join(" ")} "$@"\n`,
    { mode: 0o755 },
  );
  await openShell(`${LIMITED} bash --norc --noprofile`);
  await tmux("send-keys", `PATH='${folder}':"$PATH"; source <(gntalloc completions bash); clear; echo ready`, "Enter");
  await shows("ready");
  await tmux("send-keys", "gntalloc sto", "Tab");
  await shows("gntalloc store");
  await tmux("send-keys", "wa", "Tab");
  await shows("gntalloc store watch");
  await tmux("send-keys", "--", "--f", "Tab");
  await shows("gntalloc store watch --for");
  await tmux("send-keys", "C-c");
  await tmux("send-keys", "gntalloc explain gra", "Tab");
  await shows("gntalloc explain grant:");
  await tmux("send-keys", "no-d", "Tab");
  await shows("gntalloc explain grant:no-device");
  await tmux("send-keys", "C-c");
  await tmux("send-keys", "gntalloc inspect --svg --theme d", "Tab");
  await shows("gntalloc inspect --svg --theme dark");
  await tmux("send-keys", "C-c");
  await tmux("send-keys", "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}; clear; echo whole", "Enter");
  await shows("whole");
  await tmux("send-keys", "gntalloc explain grant:no-d", "Tab");
  await shows("gntalloc explain grant:no-device");
});
