/** Tests against the C daemon. */

import { declareComparison } from "./comparison.ts";
import { declareInteroperability } from "./interoperability.ts";

declareComparison("xenstored");
declareInteroperability("xenstored");
