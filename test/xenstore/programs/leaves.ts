/**
 * Uses XenStore as its first argument says, and leaves it open. The second is how many requests the backend allows at a
 * time. How the program ends is tested by ../keep_alive_test.ts.
 */
import process from "node:process";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { ScriptedStore } from "../../support/scripted_store.ts";

const [what, most] = process.argv.slice(2);
const daemon = new ScriptedStore();
daemon.maxInFlight = Number(most);
// If the timer of the time limit kept the program alive, it would do so for days.
const timeout = what!.endsWith("not answered") ? 50 : 2 ** 31 - 1;
const store = await XenStore.open({ store: daemon }, { timeout });

switch (what) {
  case "a read":
    console.log(await store.ownDomid());
    break;
  case "an aborted read": {
    daemon.answers.set(StoreMessage.READ, () => undefined);
    await store.read("a", { signal: AbortSignal.timeout(5) }).catch(({ name }) => console.log(name));
    break;
  }
  case "a watch that nobody iterates":
    console.log((await store.watch("a").next()).value);
    break;
  case "a transaction":
    console.log(await store.transaction((transaction) => transaction.readText("domid")));
    break;
  case "a wait that has ended before its time":
    console.log(await store.waitFor("domid", undefined, { timeout: 2 ** 31 - 1 }));
    break;
  case "a wait that is not answered":
    daemon.answers.set(StoreMessage.WATCH, () => undefined);
    await store.waitFor("a").catch(({ code }) => console.log(code));
    break;
  case "a watch that was closed, and is not answered": {
    daemon.answers.set(StoreMessage.WATCH, () => undefined);
    const watch = store.watch("a");
    const next = watch.next();
    watch.close();
    if ((await next).done) console.log("closed");
    break;
  }
  case "a commit that is not answered":
    daemon.answers.set(StoreMessage.TRANSACTION_END, () => undefined);
    await store.transaction(() => {}).catch(({ code }) => console.log(code));
    break;
  case "an iterator":
    for await (const path of store.watch("a")) console.log(path);
    break;
  case "a wait":
    console.log("waiting");
    await store.waitFor("a");
}
