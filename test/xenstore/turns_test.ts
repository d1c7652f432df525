/** Turns, where a test can tell exactly what comes between an abortion and what it leads to. */
import { expect, test } from "vitest";
import { Turns } from "../../src/xenstore/turns.ts";
import { state } from "../support/scripted_store.ts";

const LIMIT = 60_000;

test("a turn that comes to one that was given up a moment before goes to the next", async () => {
  const turns = new Turns(LIMIT, () => new Error("late"));
  await turns.enter(undefined);
  const controller = new AbortController();
  const second = turns.enter(controller.signal);
  const third = turns.enter(undefined);
  controller.abort("enough");
  turns.leave();
  expect(await state(second)).toBe("enough");
  expect(await state(third)).toBe("done");
  turns.leave();
});

test("a turn that comes to the last one, which was given up a moment before, is free again", async () => {
  const turns = new Turns(LIMIT, () => new Error("late"));
  await turns.enter(undefined);
  const controller = new AbortController();
  const second = turns.enter(controller.signal);
  controller.abort("enough");
  turns.leave();
  expect(await state(second)).toBe("enough");
  expect(await state(turns.enter(undefined))).toBe("done");
});
