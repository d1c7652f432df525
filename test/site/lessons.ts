/** Each lesson runs, and shows what it says. */

import assert from "node:assert/strict";
import { readLessons } from "../../site/src/build/lessons.ts";
import { keepShot, Site } from "./browser.ts";
import { logged, lookBack, run, runFast, whenReady } from "./playground.ts";

const repository = new URL("../..", import.meta.url).pathname;
const lessons = await readLessons(repository);
const site = await Site.open();
const { page, complaints } = await site.visit("play/");
await whenReady(page);
await runFast(page);

for (const [index, { id, title, shows, prints }] of lessons.entries()) {
  Deno.test(`lesson ${index + 1}, ${title}`, async () => {
    await page.locator("#lesson").selectOption(id);
    await page.waitForSelector(`body[data-lesson="${id}"]`);
    await run(page);
    assert.deepEqual(await logged(page, "print"), prints);
    await lookBack(page, shows);
    await keepShot(page, id, index % 2 === 0 ? "light" : "dark");
    await keepShot(page, `${id}-narrow`, index % 2 === 0 ? "dark" : "light", 400);
    assert.deepEqual(complaints.splice(0), []);
  });
}

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
