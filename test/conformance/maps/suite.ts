import { assertEquals } from "../asserts.ts";
import { copy } from "./copy.ts";
import { eventNotify } from "./page_notify.ts";
import { mapperArguments } from "./arguments.ts";
import { MapperSetup } from "./setup.ts";
import { mappingNotify } from "./mapping_notify.ts";
import { several } from "./several.ts";
import type { MapsConformanceOptions } from "../target.ts";

const GROUPS = {
  "several domains": several,
  copy,
  "notify of a mapping": mappingNotify,
  "notify of a page": eventNotify,
  "arguments of mappers": mapperArguments,
};

/**
 * Registers all tests of what a map backend does beyond {@linkcode grantsConformance}: mapping pages of several domains,
 * copying, and the unmap notify; and of the unmap notify of grant backends, as far as it sends events.
 */
export function mapsConformance(options: MapsConformanceOptions): void {
  for (const [group, tests] of Object.entries(GROUPS)) {
    for (const [name, run] of Object.entries(tests)) {
      options.test(`${group}: ${name}`, async () => {
        const setup = new MapperSetup(options.open());
        try {
          await run(setup);
        } finally {
          setup.disconnect();
        }
        const { mapped } = setup.device.inspect();
        setup.close();
        assertEquals(mapped, 0, "pages still mapped");
      });
    }
  }
}
