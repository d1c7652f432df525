/** Collecting garbage in tests. */
import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/** How long to wait for what the garbage collector must do, in milliseconds. */
const LONG = 20_000;

/** Collects garbage, with turns of the event loop for finalizers, until a condition holds. Throws if it never does. */
export async function collectUntil(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + LONG; !condition();) {
    if (performance.now() > end) throw new Error(`nothing was collected for ${LONG} ms`);
    await collectGarbage();
  }
}

/** Collects garbage some times, with turns of the event loop. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Makes something in a call of its own, so that no variable of the caller keeps it alive, and drops it. */
export async function drop(make: () => unknown): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      make();
      resolve();
    }, 0);
  });
}
