/** What a reader does in the playground. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Site, Visit } from "./browser.ts";

/** Of requests that a test answers itself. A service worker would answer some of them, if it begins in time. */
export const ROUTED = { serviceWorkers: "block" } as const;

/** Opens the playground, and checks at the end that nobody complained. */
export async function visiting(site: Site, path: string, body: (visit: Visit) => Promise<void>): Promise<void> {
  await using visit = await site.visit(path);
  await whenReady(visit.page);
  await runFast(visit.page);
  await body(visit);
  assert.deepEqual(visit.complaints, []);
}

/** Waits until the playground can be used. */
export async function whenReady(page: Page): Promise<void> {
  await page.waitForSelector("body[data-ready]");
}

/** Where the slider has some pauses, in milliseconds. */
const PACES = { 500: "3", 0: "6" } as const;

/** Has programs pause before each statement. */
export async function runAt(page: Page, pause: keyof typeof PACES): Promise<void> {
  await page.locator("#pace").fill(PACES[pause]);
}

/** Has programs run without pauses. */
export async function runFast(page: Page): Promise<void> {
  await runAt(page, 0);
}

/** Replaces the program. */
export async function writeProgram(page: Page, program: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(program);
}

/** The text in the editor. */
export function programOf(page: Page): Promise<string> {
  return page.locator(".cm-content").innerText();
}

/** Runs the program to its end. */
export async function run(page: Page): Promise<void> {
  await page.locator("#run").click();
  await page.waitForSelector("body[data-state=ended]");
}

/** Presses Step until a picture is shown. They are counted from 0. */
export async function stepTo(page: Page, frame: number): Promise<void> {
  for (let last = Number(await page.locator("body").getAttribute("data-frame") ?? -1); last < frame;) {
    await page.locator("#step").click();
    await page.waitForSelector(`body[data-frame="${++last}"]`);
  }
}

/** Goes back to the last picture that shows all of some texts. */
export async function lookBack(page: Page, texts: readonly string[]): Promise<void> {
  for (;;) {
    const shown = (await page.locator("#domains, #store").allInnerTexts()).join("\n");
    if (texts.every((text) => shown.includes(text))) return;
    const frame = await page.locator("body").getAttribute("data-frame");
    if (await page.locator("#back").isDisabled()) throw new Error(`Cannot find a picture with ${texts.join(" and ")}`);
    await page.locator("#back").click();
    await page.locator(`body:not([data-frame="${frame}"])`).waitFor();
  }
}

/** The lines of a kind in the log. */
export async function logged(page: Page, kind: "print" | "call" | "world" | "error"): Promise<string[]> {
  return (await page.locator(`#log .${kind}`).allTextContents()).map((line) => line.trim());
}
