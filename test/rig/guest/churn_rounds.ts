/** Rounds that share, map, check and free pages. The bytes tell whose round it is. */

import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE } from "../../../mod.ts";
import { assertEquals } from "../../conformance/asserts.ts";

/**
 * Shares pages with this domain, maps them from both sides, checks them, and frees and unmaps them in varying order,
 * without end.
 */
export function* churn(mark: number): Generator<void> {
  const device = new GrantDevice(denoDomain());
  const mapper = new GrantMapper(denoDomain());
  while (true) {
    const allocator = device.open();
    const count = 1 + Math.floor(Math.random() * 20);
    const pages = allocator.allocate(0, { pages: count, writable: true });
    pages.setUnmapNotify({ clearByte: 1 }, count - 1);
    const ours = pages.map();
    const theirs = mapper.map(0, pages.grefs, { writable: true });
    for (let page = 0; page < count; page++) {
      assertEquals(ours.bytes[page * PAGE_SIZE + 1], 0, "the page is fresh");
      ours.bytes[page * PAGE_SIZE + 1] = mark + page;
    }
    for (let page = 0; page < count; page++) assertEquals(theirs.bytes[page * PAGE_SIZE + 1], mark + page);
    const steps = [
      () => ours.unmap(),
      () => theirs.unmap(),
      () => pages.free({ start: 0, count: Math.ceil(count / 2) }),
      () => pages[Symbol.dispose](),
      () => allocator.close(),
    ];
    const [partly] = steps.splice(2, 1);
    partly!();
    for (; steps.length > 0; steps.splice(Math.floor(Math.random() * steps.length), 1)[0]!()) yield;
    yield;
  }
}
