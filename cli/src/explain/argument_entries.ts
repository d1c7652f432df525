import type { Entry } from "./entry.ts";

/** What the code of a refused argument means. */
export const ARGUMENT_ENTRIES: Readonly<Record<string, Entry>> = {
  "invalid-argument": {
    means: "The program has passed an argument that is of a wrong type or out of its bounds. Nothing was done.",
    mend: [
      "The message names the argument, what it must be, and what it is.",
      "To tell this mistake of a program from those of the engine: `isArgumentError(error)`.",
    ],
  },
};
