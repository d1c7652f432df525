/** Random steps on event channels over a hostile backend: every call ends as it should, whatever the backend does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { type EventChannel, EventChannels, GrantError } from "../../mod.ts";
import { HostileEvents } from "./hostile_events.ts";

const STEPS = [
  "bind",
  "connect",
  "virq",
  "notify",
  "wait",
  "wait",
  "abort",
  "iterate",
  "reset",
  "unbind",
  "turn",
] as const;
const RUNS = 600;

/** An error that a caller may get. */
function assertRight(error: unknown): void {
  if (!(error instanceof GrantError)) throw new Error("the caller gets another error", { cause: error });
  expect(["backend-failed", "closed", "busy"]).toContain(error.code);
}

test(
  "whatever a backend does, calls end with a `GrantError` or well, and nobody waits for ever",
  { timeout: 120_000 },
  async () => {
    const codes = new Map<string, number>();
    const count = (what: string) => codes.set(what, (codes.get(what) ?? 0) + 1);
    const step = fc.record({ what: fc.constantFrom(...STEPS), channel: fc.nat({ max: 4 }) });
    const run = fc.record({
      seed: fc.nat(),
      percent: fc.constantFrom(0, 10, 40, 90),
      steps: fc.array(step, { maxLength: 40, size: "max" }),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ seed, percent, steps }) => {
        const backend = new HostileEvents(seed, percent);
        const events = new EventChannels({ events: backend });
        const channels: EventChannel[] = [];
        const waiting = new Set<Promise<void>>();
        const wait = (promise: Promise<unknown>, reason?: unknown) => {
          const settled = promise.then(
            () => count("well"),
            (error) => {
              if (error !== reason) assertRight(error);
              count(error === reason ? "aborted" : (error as GrantError).code);
            },
          ).then(() => void waiting.delete(settled));
          waiting.add(settled);
        };
        const attempt = (action: () => void) => {
          try {
            action();
            count("well");
          } catch (error) {
            assertRight(error);
            count((error as GrantError).code);
          }
        };
        // In the middle of a call everything is refused, or changes nothing that the call rests on.
        let turn = 0;
        backend.reenter = () => {
          const channel = channels[turn++ % (channels.length || 1)];
          const actions = [
            () => events.bindUnbound(0),
            () => channel?.notify(),
            () => channel?.unbind(),
            () => channel && wait(channel.wait()),
            () => events.reset(),
            () => events.close(),
          ];
          attempt(actions[turn % actions.length]!);
        };
        for (const { what, channel: number } of steps) {
          const channel = channels[number % (channels.length || 1)];
          if (what === "bind") attempt(() => channels.push(events.bindUnbound(0)));
          else if (what === "connect") attempt(() => channels.push(events.bindInterdomain(0, 1)));
          else if (what === "virq") attempt(() => channels.push(events.bindVirq(3)));
          else if (what === "reset") attempt(() => events.reset());
          else if (what === "turn") await sleep(0);
          else if (!channel) continue;
          else if (what === "notify") attempt(() => channel.notify());
          else if (what === "unbind") attempt(() => channel.unbind());
          else if (what === "wait") wait(channel.wait());
          else if (what === "abort") {
            const controller = new AbortController();
            const reason = new Error("aborted");
            wait(channel.wait({ signal: controller.signal }), reason);
            queueMicrotask(() => controller.abort(reason));
          } else wait(iterate(channel, 3));
          await Promise.resolve();
        }
        attempt(() => events.close());
        for (const channel of channels) expect(channel.closed).toBe(true);
        for (let time = 0; time < 20 && waiting.size > 0; time++) await sleep(1);
        expect(waiting.size, "those who still wait").toBe(0);
        expect(backend.broken, "how the library broke the contract").toEqual([]);
        attempt(() => events.close());
      }),
      { numRuns: RUNS },
    );
    for (const code of ["well", "backend-failed", "closed", "busy", "aborted"]) {
      expect(codes.get(code) ?? 0, code).toBeGreaterThan(20);
    }
  },
);

/** Takes some events. */
async function iterate(channel: EventChannel, most: number): Promise<void> {
  let count = 0;
  for await (const _ of channel.events()) if (++count === most) break;
}
