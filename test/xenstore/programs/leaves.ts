/** Uses XenStore as its only argument says, and leaves it open. How it ends is tested by ../keep_alive_test.ts. */
import process from "node:process";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { ScriptedStore } from "../../support/scripted_store.ts";

const daemon = new ScriptedStore();
// If the timer of the time limit kept the program alive, it would do so for days.
const store = await XenStore.open({ store: daemon }, { timeout: 2 ** 31 - 1 });

switch (process.argv[2]) {
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
  case "an iterator":
    for await (const path of store.watch("a")) console.log(path);
    break;
  case "a wait":
    console.log("waiting");
    await store.waitFor("a");
}
