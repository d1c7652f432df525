/** The commands in the docs print what the docs say. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../scripts/exec.ts";
import { type Snippet, snippetsIn } from "../../scripts/markdown.ts";
import { MAIN } from "./cli.ts";

/** The pages with commands. */
const PAGES = ["cli", "two-domains"];

const page = (name: string) => Deno.readTextFile(new URL(`../../docs/${name}.md`, import.meta.url));

/** A command of a block of the kind `console`, and what it prints. */
interface Step {
  readonly command: string;
  readonly printed: string;
}

/** Reads a block: each command begins with `$ `, and what follows it is what it prints. */
function stepsOf(code: string): Step[] {
  return code.split(/^\$ /m).slice(1).map((step) => {
    const [command, ...printed] = step.trimEnd().split(/(?<!\\)\n/);
    return { command: command!, printed: printed.join("\n") };
  });
}

/** Whether a block is a file that commands need: it has a name. */
const isFile = ({ info }: Snippet) => info[0] === "text" && info[1] !== undefined;

/** Whether a command makes a picture of the docs. */
const isDrawing = (command: string) => / > [\w.]+\.svg$/.test(command);

/** The permissions that docs/cli.md gives for a use. */
async function permissions(use: string): Promise<string> {
  const lines = (await page("cli")).split("\n");
  const [, flags] = lines.map((line) => /^deno run (.*) cli\/main\.ts --help +# for (.*)$/.exec(line))
    .find((found) => found?.[2] === use) ?? [];
  if (flags === undefined) throw new Error(`docs/cli.md gives no permissions for ${use}`);
  return flags;
}

let folder: string;

beforeAll(async () => {
  folder = await Deno.makeTempDir();
  const flags = await permissions("the simulated Xen");
  const recording = await permissions("`trace record`");
  const script = [
    "#!/bin/sh",
    `if [ "$1 $2" = "trace record" ]; then flags="${recording}"; else flags="${flags}"; fi`,
    `exec '${Deno.execPath()}' run --no-check $flags '${MAIN}' "$@"`,
  ];
  await Deno.writeTextFile(`${folder}/gntalloc`, `${script.join("\n")}\n`, { mode: 0o755 });
});

afterAll(() => Deno.remove(folder, { recursive: true }));

/** Runs a command in a shell, and returns what it prints, errors included. */
async function shell(command: string): Promise<{ printed: string; code: number }> {
  const env = { PATH: `${folder}:${Deno.env.get("PATH")}`, NO_COLOR: "1" };
  const { stdout, code } = await run("sh", ["-c", `exec 2>&1; ${command}`], { cwd: folder, env });
  return { printed: stdout.trimEnd(), code };
}

/** Leaves out which Deno it is. */
const withVersion = (text: string) => text.replace(/Deno \d+\.\d+\.\d+/g, "Deno VERSION");

describe.each(PAGES)("docs/%s.md", async (name) => {
  const snippets = snippetsIn(await page(name));
  beforeAll(async () => {
    for (const { info, code } of snippets.filter(isFile)) await Deno.writeTextFile(`${folder}/${info[1]}`, `${code}\n`);
  });

  const steps = snippets.filter(({ info }) => info[0] === "console").flatMap(({ code }) => stepsOf(code));
  test.each(steps)("$command", async ({ command, printed }) => {
    expect(withVersion((await shell(command)).printed)).toBe(withVersion(printed));
  });

  // There is no Xen here. The arguments must be right, so that it is the device that is missing.
  const real = snippets.filter(({ info }) => info[0] === "sh").flatMap(({ code }) => code.split("\n"))
    .filter((line) => /\bgntalloc /.test(line));
  test.each(real.filter(isDrawing))("%s", async (command) => {
    await shell(command);
    const [file] = /[\w.]+$/.exec(command)!;
    expect(await Deno.readTextFile(`${folder}/${file}`)).toBe(
      await Deno.readTextFile(new URL(`../../docs/${file}`, import.meta.url)),
    );
  });
  test.each(real.filter((command) => !isDrawing(command)))("%s", async (command) => {
    const { printed } = await shell(command.replace(/^tar c \. \|/, "").replace(/> \S+/, ""));
    expect(printed).toMatch(/ doctor$/.test(command) ? /^fail {2}ffi /m : /^gntalloc: (grant|store):permission: /m);
  });
});
