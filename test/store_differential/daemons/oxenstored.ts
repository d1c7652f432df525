/** Tests against oxenstored. */

import { declareComparison } from "./comparison.ts";

declareComparison("oxenstored");
