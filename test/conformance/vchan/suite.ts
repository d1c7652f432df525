import type { VchanConformanceOptions } from "../target.ts";
import { ending } from "./ending.ts";
import { meeting } from "./meeting.ts";
import { VchanSetup } from "./setup.ts";
import { talking } from "./talking.ts";

const GROUPS = { talk: talking, meet: meeting, end: ending };

/** Registers all tests of channels. They need all parts of both domains to work together. */
export function vchanConformance(options: VchanConformanceOptions): void {
  for (const [group, tests] of Object.entries(GROUPS)) {
    for (const [name, run] of Object.entries(tests)) {
      options.test(`${group}: ${name}`, async () => {
        const target = await options.open();
        const setup = new VchanSetup(target);
        try {
          await run(setup);
        } finally {
          await setup.close();
        }
        target.close();
      });
    }
  }
}
