/** Runs the suites on the simulated Xen, and prints their outcome as JSON. */

import { testMock } from "./mock.ts";

console.log(JSON.stringify(await testMock()));
