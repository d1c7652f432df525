/** Runs the suites on the simulated machine, and prints their outcome as JSON. */

import { testMock } from "./mock.ts";

console.log(JSON.stringify(await testMock()));
