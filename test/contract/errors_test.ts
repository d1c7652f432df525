/** What becomes of an error of a backend. */
import { expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

test("a `GrantError` has as its cause what the backend threw, even if it is not an error or cannot be shown", () => {
  for (const what of [null, undefined, "text", Symbol("x"), Object.create(null), 5n]) {
    const { device } = brokenDevice(() => ({
      map() {
        throw what;
      },
    }));
    const pages = device.open().allocate(0);
    expect(grantError(() => pages.map())).toMatchObject({ code: "backend-failed", cause: what, name: "GrantError" });
    expect(device.inspect().mapped).toBe(0);
  }
});
