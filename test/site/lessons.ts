/** Each lesson runs, and shows what it says. */

import assert from "node:assert/strict";
import { readLessons } from "../../site/src/build/lessons.ts";
import { keepShot, Site } from "./browser.ts";
import { logged, lookBack, run, runAt, runFast, whenReady } from "./playground.ts";

const repository = new URL("../..", import.meta.url).pathname;
const lessons = await readLessons(repository);
const site = await Site.open();
const { page, complaints } = await site.visit("play/");
await whenReady(page);
await runFast(page);

async function choose(id: string): Promise<void> {
  await page.locator("#lesson").selectOption(id);
  await page.waitForSelector(`body[data-lesson="${id}"]`);
}

for (const [index, { id, title, shows, prints }] of lessons.entries()) {
  Deno.test(`lesson ${index + 1}, ${title}`, async () => {
    await choose(id);
    await run(page);
    assert.deepEqual(await logged(page, "print"), prints);
    await lookBack(page, shows);
    await keepShot(page, id, index % 2 === 0 ? "light" : "dark");
    await keepShot(page, `${id}-narrow`, index % 2 === 0 ? "dark" : "light", 400);
    assert.deepEqual(complaints.splice(0), []);
  });
}

// Steps are slower than the time that these allow. In the others nothing depends on time.
for (const { id, title, prints } of lessons.filter(({ program }) => program.includes("timeout"))) {
  Deno.test(`the lesson ${title} prints the same at a slow pace`, async () => {
    await choose(id);
    await runAt(page, 500);
    await run(page);
    await runFast(page);
    assert.deepEqual(await logged(page, "print"), prints);
    assert.deepEqual(complaints.splice(0), []);
  });
}

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
