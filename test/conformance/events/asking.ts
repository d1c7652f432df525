import { assert } from "../asserts.ts";
import { NOT_WHOLE, WRONG_TYPES } from "../grants/arguments.ts";
import type { EventsTests } from "./setup.ts";
import type { EventsTarget } from "../target.ts";
import { deadline } from "../timing.ts";

/** Whether other domains are there. */
export const asking: EventsTests = {
  async "finds both domains, or does not know"({ target }) {
    for (const domid of [target.domid, target.peerDomid]) await assertAlive(target, domid, true);
  },
  async "does not find a domain that is not there"({ target }) {
    await assertAlive(target, 0x7fef, false);
  },
  async "has an argument that is checked, by the promise"({ target }) {
    const { domain } = target;
    if (domain.isAlive === undefined) return;
    const wrong: [typeof TypeError, number[]][] = [[TypeError, WRONG_TYPES], [RangeError, [...NOT_WHOLE, 0x7ff0]]];
    for (const [kind, values] of wrong) {
      for (const value of values) {
        const error = await domain.isAlive(value).then(() => undefined, (error) => error);
        assert(error instanceof kind && error.message.includes("`domid`"), `${String(value)}: expected a ${kind.name}`);
      }
    }
  },
};

async function assertAlive({ domain, knowsDomains = false }: EventsTarget, domid: number, expected: boolean) {
  const alive = await deadline(domain.isAlive?.(domid) ?? Promise.resolve(undefined), "an answer");
  const isRight = alive === expected || (!knowsDomains && alive === undefined);
  assert(isRight, `domain ${domid} is ${expected ? "" : "not "}there: got ${alive}`);
}
