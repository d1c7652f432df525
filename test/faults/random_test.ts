/** Faults of all kinds at random: the books balance at each step, and in the end everything is given back. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { replay } from "../../backends/record.ts";
import { type GrantAllocator, GrantError, type Mapping, type SharedPages } from "../../mod.ts";
import { faultyMachine, PROFILES } from "../support/faulty_machine.ts";
import { Random } from "../support/random.ts";

describe("faults of all kinds at random", () => {
  for (const profile of PROFILES) {
    test(`profile ${profile}: the books balance at each step, and everything is given back`, () => {
      const injected = new Map<string, number>();
      for (let seed = 1; seed <= 60; seed++) {
        const { faults, device, mapper, finish, trace } = faultyMachine(profile, seed);
        const random = new Random(seed);
        const rate = 0.15;
        for (const kind of ["limit", "open", "grant", "endAccess", "map", "unmap", "notify", "close"] as const) {
          for (const when of ["before", "after"] as const) faults.fail(kind, { when, rate });
        }
        for (const kind of ["grant", "endAccess"] as const) {
          faults.fail(kind, { afterPages: random.between(1, 6), rate });
        }
        faults.hold({ rate });
        const allocators: GrantAllocator[] = [];
        const shared: SharedPages[] = [];
        const mappings: Mapping[] = [];
        faults.after("grant", (call) => mappings.push(mapper.map(1, [call.grefs[0]!])), { rate });
        faults.before("endAccess", (call) => mappings.push(mapper.map(1, [call.grefs.at(-1)!])), { rate });
        const pick = <T>(list: T[]): T | undefined => list[random.below(list.length)];
        const steps: (() => unknown)[] = [
          () => allocators.length < 3 && allocators.push(device.open()),
          () => {
            const pages = pick(allocators)?.allocate(0, { pages: random.between(1, 7), writable: true });
            if (pages) shared.push(pages);
          },
          () => {
            const mapping = pick(shared)?.map();
            if (mapping) mappings.push(mapping);
          },
          () => {
            const pages = pick(shared);
            if (pages) mappings.push(mapper.map(1, pages.grefs));
          },
          () => pick(mappings)?.unmap(),
          () => pick(mappings)?.unmap(),
          () => pick(shared)?.free({ start: 0, count: 1 }),
          () => pick(shared)?.[Symbol.dispose](),
          () => {
            const pages = pick(shared);
            if (pages) pages.setUnmapNotify({ clearByte: random.below(4096) });
          },
          () => random.below(8) === 0 && allocators.splice(random.below(allocators.length), 1)[0]?.close(),
        ];
        for (let step = 0; step < 150; step++) {
          try {
            steps[random.below(steps.length)]!();
          } catch (error) {
            if (!(error instanceof GrantError)) throw error;
          }
          // `inspect()` asks the backend for its limit, which may fail.
          let report;
          try {
            report = device.inspect();
          } catch {
            continue;
          }
          const { live, listed, mapped, pending, allocators: open } = report;
          expect(live).toBeGreaterThanOrEqual(listed + pending);
          expect(live).toBeLessThanOrEqual(listed + pending + mapped);
          // Pages of a closed allocator that a mapping keeps are listed too.
          expect(open.reduce((sum, allocator) => sum + allocator.listed, 0)).toBeLessThanOrEqual(listed);
        }
        for (const last of [...mappings.map((mapping) => () => mapping.unmap()), () => mapper.close()]) {
          try {
            last();
          } catch (error) {
            if (!(error instanceof GrantError)) throw error;
          }
        }
        for (const part of ["grants", "maps"] as const) {
          for (const kind of ["limit", "open", "grant", "endAccess", "map", "unmap", "notify", "close"] as const) {
            const key = `${part} ${kind}`;
            injected.set(key, (injected.get(key) ?? 0) + faults.injected(kind, part));
          }
        }
        // Hooks may have mapped more meanwhile.
        faults.clear();
        for (const mapping of mappings) mapping.unmap();
        finish();
        // The calls that reached the machine keep the contract of backends, which a replay checks.
        const again = new MockXen({ profile });
        expect(replay(trace, { domains: [again.domain(1), again.domain(0)] }).difference?.message).toBe(undefined);
        again.assertClean();
      }
      const never = [...injected].filter(([, count]) => count === 0).map(([key]) => key);
      expect(never).toEqual(["maps limit", "maps grant", "maps endAccess", "maps notify"]);
    });
  }
});
