/** Tests against the C daemon. */

import { declareComparison } from "./comparison.ts";
import { declareConformance } from "./conformance.ts";
import { declareInteroperability } from "./interoperability.ts";

declareConformance("xenstored");
declareComparison("xenstored");
declareInteroperability("xenstored");
