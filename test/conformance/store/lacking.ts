import type { StoreNeed } from "../target.ts";

/** Returns the error of a target that lacks something without saying so. */
export function lacking(need: StoreNeed): Error {
  return new Error(`the target lacks "${need}", which this test needs: add it to \`lacks\` if that is right`);
}
