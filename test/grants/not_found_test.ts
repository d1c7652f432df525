/** What a refusal says about pages that are not there: which of them, and why. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { grantError } from "../support/grant_error.ts";
import { debugCore } from "../support/debug_core.ts";

test("`not-found` names the pages, the first that is missing, and what became of it", () => {
  using device = new GrantDevice(new MockXen().domain(1), { core: debugCore });
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 8 });
  pages.free({ start: 5, count: 1 });
  const message = (action: () => unknown) => {
    const { code, message } = grantError(action);
    expect(code).toBe("not-found");
    return message;
  };
  expect(message(() => allocator.map(4, 3))).toBe("Cannot map 3 pages from page 4: page 5 was freed before.");
  expect(message(() => pages.map({ start: 5, count: 1 }))).toBe("Cannot map page 5: it was freed before.");
  expect(message(() => allocator.free(4, 3))).toBe("Cannot free 3 pages from page 4: page 5 was freed before.");
  expect(message(() => pages.setUnmapNotify({ clearByte: 0 }, 5))).toBe(
    "Cannot set the unmap notify of page 5: it was freed before.",
  );
  expect(message(() => allocator.map(7, 3))).toBe(
    "Cannot map 3 pages from page 7: page 8 was never allocated. The next page will have index 8.",
  );
});
