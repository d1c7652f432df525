/** Tests against the C daemon. */

import { declareComparison } from "./comparison.ts";

declareComparison("xenstored");
