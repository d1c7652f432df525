/** Runs the suites on the simulated Xen in workerd, with a core that workerd compiled. */

import core from "@gntalloc/gntalloc/core.wasm";
import { testMock } from "./mock.ts";

export default { fetch: async () => Response.json(await testMock(core)) };
