import { describe, expect, test } from "vitest";
import { KernelPages } from "../../backends/linux/kernel_pages.ts";
import { Random } from "../support/random.ts";

describe("KernelPages", () => {
  test("agrees with a list of all pages after random grants that are undone or kept", () => {
    const random = new Random(20111);
    for (let round = 0; round < 50; round++) {
      const pages = new KernelPages();
      const model: number[] = [];
      let kernelPage = random.below(3);
      for (let step = 0; step < 40; step++) {
        const page = model.length;
        const count = random.between(1, 5);
        pages.granted(page, kernelPage);
        for (let i = 0; i < count; i++) model.push(kernelPage++);
        checkAll(pages, model);
        if (random.below(3) === 0) model.length = page;
        // More than a failed grant undoes: what was recorded before is forgotten with it.
        else if (random.below(6) === 0) model.length = random.between(0, page);
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
