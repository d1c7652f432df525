import { describe, expect, test } from "vitest";
import { KernelPages } from "../../backends/linux/kernel_pages.ts";

describe("KernelPages", () => {
  test("agrees with a list of all pages after random grants that are undone or kept", () => {
    let seed = 20111;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor(seed / 0x80000000 * below);
    };
    for (let round = 0; round < 50; round++) {
      const pages = new KernelPages();
      const model: number[] = [];
      let kernelPage = random(3);
      for (let step = 0; step < 40; step++) {
        const page = model.length;
        const count = 1 + random(5);
        pages.granted(page, kernelPage);
        for (let i = 0; i < count; i++) model.push(kernelPage++);
        checkAll(pages, model);
        if (random(3) === 0) model.length = page;
      }
    }
  });

  function checkAll(pages: KernelPages, model: readonly number[]): void {
    for (const [page, kernelPage] of model.entries()) {
      let stretch = 1;
      while (page + stretch < model.length && model[page + stretch] === kernelPage + stretch) stretch++;
      expect(pages.kernelPage(page)).toBe(kernelPage);
      expect(pages.stretch(page, model.length - page)).toBe(stretch);
      expect(pages.stretch(page, 1)).toBe(1);
    }
  }
});
