import { EVENT_VERBS } from "./event_verbs.ts";
import { GRANT_VERBS } from "./grant_verbs.ts";
import { STORE_VERBS } from "./store_verbs.ts";
import { VCHAN_VERBS } from "./vchan_verbs.ts";
import type { Verb } from "./verb.ts";

/** All verbs of the scripts, by their names. */
export const VERBS: Readonly<Record<string, Verb>> = { ...GRANT_VERBS, ...EVENT_VERBS, ...STORE_VERBS, ...VCHAN_VERBS };

/** Lists the verbs with what they do. */
export function verbsHelp(): string {
  const lines = Object.entries(VERBS).map(([name, { usage, help }]) =>
    `  ${`${name} ${usage}`.trimEnd()}\n      ${help}`
  );
  return lines.join("\n");
}
