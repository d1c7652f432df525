import { afterAll, expect, test } from "vitest";
import { exec } from "../../scripts/exec.ts";
import { exclusively } from "../../scripts/exclusively.ts";

const MODULE = new URL("../../scripts/exclusively.ts", import.meta.url);
const name = `test-${Deno.pid}`;

// What the locks leave behind.
const before = Deno.env.get("TMPDIR");
const folder = Deno.makeTempDirSync();
Deno.env.set("TMPDIR", folder);
afterAll(() => {
  if (before === undefined) Deno.env.delete("TMPDIR");
  else Deno.env.set("TMPDIR", before);
  Deno.removeSync(folder, { recursive: true });
});

test("exclusively() runs actions of one name one after the other, and others beside them", async () => {
  const steps: string[] = [];
  const first = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const one = exclusively(name, async () => {
    begun.resolve();
    await first.promise;
    steps.push("one");
  });
  await begun.promise;
  const two = exclusively(name, () => Promise.resolve(void steps.push("two")));
  await exclusively(`${name}-other`, () => Promise.resolve(void steps.push("other")));
  first.resolve();
  await Promise.all([one, two]);
  expect(steps).toEqual(["other", "one", "two"]);
});

test("exclusively() waits for another process, and for one that is killed", async () => {
  const program = `const { exclusively } = await import(${JSON.stringify(MODULE.href)});
    await exclusively(${
    JSON.stringify(name)
  }, async () => { console.log("mine"); await new Promise((end) => setTimeout(end, 1e6)); });`;
  const other = new Deno.Command(Deno.execPath(), { args: ["eval", program], stdout: "piped" }).spawn();
  const said = other.stdout.getReader();
  await said.read();
  const steps: string[] = [];
  const ours = exclusively(name, () => Promise.resolve(void steps.push("ours")));
  await exec("true");
  expect(steps).toEqual([]);
  other.kill("SIGKILL");
  await ours;
  await said.cancel();
  await other.status;
  expect(steps).toEqual(["ours"]);
});

test("exclusively() returns what the action returns, and passes its error on", async () => {
  expect(await exclusively(name, () => Promise.resolve(3))).toBe(3);
  await expect(exclusively(name, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await exclusively(name, () => Promise.resolve(4))).toBe(4);
});
