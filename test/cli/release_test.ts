/** Releasing what a body used. */
import { expect, test } from "vitest";
import { releasing } from "../../cli/src/release.ts";

test("the error of the body counts, whatever the release does", async () => {
  let released = 0;
  const release = () => {
    released++;
    throw new Error("not released");
  };
  const failing = releasing(release, () => Promise.reject(new Error("the reason")));
  await expect(failing).rejects.toThrow("the reason");
  expect(released).toBe(1);
});

test("without one, an error of the release is thrown", async () => {
  const failing = releasing(() => Promise.reject(new Error("not released")), () => Promise.resolve(1));
  await expect(failing).rejects.toThrow("not released");
  expect(await releasing(() => {}, () => Promise.resolve(1))).toBe(1);
});
