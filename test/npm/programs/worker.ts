/** Runs the suites on the simulated Xen in workerd, with the embedded core. */

import { testMock } from "./mock.ts";

export default { fetch: async (): Promise<Response> => Response.json(await testMock()) };
