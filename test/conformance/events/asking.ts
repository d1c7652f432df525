import { assert } from "../asserts.ts";
import { NOT_WHOLE, WRONG_TYPES } from "../grants/arguments.ts";
import type { EventsTests } from "./setup.ts";
import { deadline } from "../timing.ts";

/** Whether other domains are there. */
export const asking: EventsTests = {
  async "finds both domains, or does not know"({ target }) {
    for (const domid of [target.domid, target.peerDomid]) {
      const alive = await deadline(target.domain.isAlive?.(domid) ?? Promise.resolve(undefined), "an answer");
      assert(alive === true || alive === undefined, `domain ${domid} is there: got ${alive}`);
    }
  },
  async "does not find a domain that is not there"({ target }) {
    const alive = await deadline(target.domain.isAlive?.(0x7fef) ?? Promise.resolve(undefined), "an answer");
    assert(alive === false || alive === undefined, `there is no domain 32751: got ${alive}`);
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
