import { expect, test } from "vitest";
import { errnoName } from "../../src/contract/errno.ts";

test("errnoName() names the errnos that it knows and numbers the others", () => {
  expect(errnoName(28)).toBe("ENOSPC");
  expect(errnoName(999)).toBe("errno 999");
});
