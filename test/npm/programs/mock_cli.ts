/** The suite on the simulated machine, for runtimes that run a file. */

import { testMock } from "./mock.ts";

console.log(JSON.stringify(await testMock()));
