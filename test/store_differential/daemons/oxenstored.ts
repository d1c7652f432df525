/** Tests against oxenstored. */

import { declareComparison } from "./comparison.ts";
import { declareInteroperability } from "./interoperability.ts";

declareComparison("oxenstored");
declareInteroperability("oxenstored");
