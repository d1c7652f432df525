/** `explain`, and the page that it is made from the same entries. */
import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { formattedPage } from "../../scripts/troubleshooting.ts";
import { SECTIONS } from "../../cli/src/explain/entries.ts";
import { gntalloc } from "./cli.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** The codes that the sources declare, by the prefix of their entries: `GrantErrorCode` has `grant`. */
async function declaredCodes(): Promise<Map<string, string[]>> {
  const declared = new Map<string, string[]>();
  const src = new URL("../../src", import.meta.url).pathname;
  for (const path of await readdir(src, { recursive: true })) {
    if (!path.endsWith(".ts")) continue;
    for (const [, name, union] of (await read(`src/${path}`)).matchAll(/export type (\w+)ErrorCode =([^;]*);/g)) {
      declared.set(name!.toLowerCase(), [...union!.matchAll(/"([\w-]+)"/g)].map(([, code]) => code!));
    }
  }
  return declared.set("argument", ["invalid-argument"]);
}

test("every code that the library declares has an entry, and no entry is for another one", async () => {
  const declared = await declaredCodes();
  expect(SECTIONS.map(({ prefix }) => prefix).sort()).toEqual([...declared.keys()].sort());
  for (const { prefix, entries } of SECTIONS) {
    expect(Object.keys(entries).sort(), prefix).toEqual(declared.get(prefix)!.sort());
    for (const [code, { means, mend }] of Object.entries(entries)) {
      expect(means, code).toMatch(/\.$/);
      expect(mend.length, code).toBeGreaterThan(0);
    }
  }
});

test("docs/troubleshooting.md is what `deno task docs:troubleshooting` writes", async () => {
  expect(await read("docs/troubleshooting.md")).toBe(await formattedPage());
});

test("an entry points only to commands that there are, and to entries that there are", async () => {
  const { stdout: help } = await gntalloc(["--help"]);
  const commands = [...help.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name);
  const texts = SECTIONS.flatMap(({ entries }) => Object.values(entries)).flatMap((
    { means, mend },
  ) => [means, ...mend]);
  for (const text of texts) {
    for (const [, command] of text.matchAll(/`gntalloc (\w+)/g)) expect(commands).toContain(command);
    for (const [, prefix, code] of text.matchAll(/`(grant|store|vchan):([\w-]+)`/g)) {
      expect(Object.keys(SECTIONS.find((one) => one.prefix === prefix)!.entries)).toContain(code);
    }
  }
});

test("`explain` prints the entry of a code, and those of all classes that have it", async () => {
  const one = await gntalloc(["explain", "grant:no-space"]);
  expect(one.code).toBe(0);
  expect(one.stdout.split("\n")[0]).toBe("grant:no-space");
  expect(one.stdout).not.toContain("`");
  const all = await gntalloc(["explain", "closed"]);
  expect(all.stdout.match(/^\w+:closed$/gm)).toEqual(["grant:closed", "store:closed", "vchan:closed", "pv:closed"]);
});

test("`explain` lists the codes, and refuses others", async () => {
  const list = await gntalloc(["explain"]);
  const total = SECTIONS.reduce((sum, { entries }) => sum + Object.keys(entries).length, 0);
  expect(list.stdout.trim().split("\n").length).toBe(total);
  const { code, stderr } = await gntalloc(["explain", "toString"]);
  expect(code).toBe(2);
  expect(stderr).toContain('Cannot explain "toString"');
});
