import { StoreError } from "../../../src/xenstore/mod.ts";
import type { StoreNeed } from "../target.ts";
import { lacking } from "./lacking.ts";
import type { Party, StoreSetup } from "./setup.ts";

/** What a test does. */
export type StoreRun = (setup: StoreSetup) => Promise<void>;

/** A test that only some targets can run. */
export interface NeedingTest {
  readonly needs: readonly StoreNeed[];
  readonly run: StoreRun;
}

/** Tests by their names. A function needs nothing that a target may lack. */
export type StoreTests = Readonly<Record<string, StoreRun | NeedingTest>>;

/** Makes a test that is registered only for targets that have all it needs. */
export function needing(needs: readonly StoreNeed[], run: StoreRun): NeedingTest {
  return { needs, run };
}

/** Whether a target has what tests may need. */
const HAS: { readonly [Need in StoreNeed]: (setup: StoreSetup) => boolean | Promise<boolean> } = {
  "domain 0": ({ ours, theirs }) => ours.domid === 0 || theirs.domid === 0,
  "unprivileged domain": ({ ours, theirs }) => ours.domid !== 0 || theirs.domid !== 0,
  "two domains": ({ ours, theirs }) => ours.domid !== theirs.domid,
  "homes": async ({ ours, theirs }) => await hasHome(ours) && await hasHome(theirs),
  "long lists": ({ ours, theirs }) => [ours, theirs].some(({ domid, longLists }) => domid === 0 && longLists),
};

async function hasHome({ xenstore }: Party): Promise<boolean> {
  try {
    await xenstore.ownDomid();
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.code === "not-found") return false;
    throw error;
  }
}

/** Throws unless a target has all that a test needs. */
export async function assertHas(setup: StoreSetup, needs: readonly StoreNeed[]): Promise<void> {
  for (const need of needs) {
    if (!await HAS[need](setup)) throw lacking(need);
  }
}

/** Throws unless a target lacks what it declares, and nothing else. */
export async function assertLacks(setup: StoreSetup, lacks: readonly StoreNeed[]): Promise<void> {
  for (const need of Object.keys(HAS) as StoreNeed[]) {
    const has = await HAS[need](setup);
    if (has && lacks.includes(need)) throw new Error(`the target has "${need}": remove it from \`lacks\``);
    if (!has && !lacks.includes(need)) throw lacking(need);
  }
}
