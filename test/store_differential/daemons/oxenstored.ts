/** Tests against oxenstored. */

import { declareComparison } from "./comparison.ts";
import { declareConformance } from "./conformance.ts";
import { declareInteroperability } from "./interoperability.ts";

declareConformance("oxenstored");
declareComparison("oxenstored");
declareInteroperability("oxenstored");
