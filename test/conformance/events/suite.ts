import { asking } from "./asking.ts";
import { binding } from "./binding.ts";
import { EventsSetup } from "./setup.ts";
import { iterating } from "./iterating.ts";
import { notifying } from "./notifying.ts";
import type { EventsConformanceOptions } from "../target.ts";
import { resetting } from "./resetting.ts";
import { waiting } from "./waiting.ts";

const GROUPS = {
  "event channels": binding,
  notify: notifying,
  wait: waiting,
  events: iterating,
  reset: resetting,
  isAlive: asking,
};

/** Registers all tests of the contract of event backends. */
export function eventsConformance(options: EventsConformanceOptions): void {
  for (const [group, tests] of Object.entries(GROUPS)) {
    for (const [name, run] of Object.entries(tests)) {
      options.test(`${group}: ${name}`, async () => {
        const target = options.open();
        const setup = new EventsSetup(target);
        try {
          await run(setup);
        } finally {
          setup.disconnect();
        }
        target.close();
      });
    }
  }
}
