/** The suite on the simulated machine in a worker, on the embedded core. */

import { testMock } from "./mock.ts";

export default { fetch: async (): Promise<Response> => Response.json(await testMock()) };
