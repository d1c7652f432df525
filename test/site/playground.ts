/** What a reader does in the playground. */

import type { Page } from "playwright-core";

/** Waits until the playground can be used. */
export async function whenReady(page: Page): Promise<void> {
  await page.waitForSelector("body[data-ready]");
}

/** Has programs run without pauses. */
export async function runFast(page: Page): Promise<void> {
  await page.locator("#pace").fill("6");
}

/** Replaces the program. */
export async function writeProgram(page: Page, program: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(program);
}

/** Runs the program to its end. */
export async function run(page: Page): Promise<void> {
  await page.locator("#run").click();
  await page.waitForSelector("body[data-state=ended]");
}

/** Goes back to an earlier picture of the program: 0 is the first one, and 1 the last one. */
export async function lookBack(page: Page, part: number): Promise<void> {
  const last = Number(await page.locator("body").getAttribute("data-frame"));
  for (let frame = last; frame > part * last; frame--) await page.locator("#back").click();
}

/** The lines of a kind in the log. */
export async function logged(page: Page, kind: "print" | "call" | "world" | "error"): Promise<string[]> {
  return (await page.locator(`#log .${kind}`).allTextContents()).map((line) => line.trim());
}
