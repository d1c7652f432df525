/** Runs the suites on the simulated Xen in a page. */

import { testMock } from "./mock.ts";

Object.assign(globalThis, { finished: testMock() });
