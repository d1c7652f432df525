/** A mapping of the mock whose owner redefines the properties of its buffer. */
import { expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";

test("`unmap()` detaches the view even if its owner redefines `transfer` or `detached` of the buffer", () => {
  const { device } = brokenDevice();
  const allocator = device.open();
  const redefine: ((buffer: ArrayBuffer) => void)[] = [
    (buffer) => Object.defineProperty(buffer, "transfer", { value: () => buffer }),
    (buffer) => Object.defineProperty(buffer, "detached", { value: true }),
  ];
  for (const change of redefine) {
    const pages = allocator.allocate(0);
    const view = pages.map();
    const { bytes } = view;
    bytes[0] = 7;
    change(bytes.buffer);
    const again = pages.map();
    expect(again.bytes[0]).toBe(7);
    again.unmap();
    view.unmap();
    expect(bytes.length).toBe(0);
  }
});
