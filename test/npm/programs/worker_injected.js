/** The suite on the simulated machine in a worker that may not compile: the platform hands it the compiled core. */

import core from "@gntalloc/gntalloc/core.wasm";
import { testMock } from "./mock.ts";

export default { fetch: async () => Response.json(await testMock(core)) };
