/** Waits on the mock as its only argument says, and prints what it sees. How it ends is tested by ../keep_alive_test.ts. */
import process from "node:process";
import { MockXen } from "../../../backends/mock.ts";
import { EventChannels } from "../../../mod.ts";

const domain = new MockXen().domain(1);
const program = domain.process();
const events = new EventChannels(program);
const channel = events.bindUnbound(0);

switch (process.argv[2]) {
  case "a signal":
    await channel.wait({ signal: AbortSignal.timeout(20) }).catch(({ name }) => console.log(name));
    break;
  case "a timeout":
    await channel.wait({ timeout: 20 }).catch(({ name }) => console.log(name));
    break;
  case "for ever":
    console.log("waiting");
    await channel.wait();
    break;
  case "no longer":
    channel.wait().catch(({ code }) => console.log(code));
    channel.unbind();
    break;
  case "killed":
    channel.wait().then(console.log, console.log);
    (async () => {
      for await (const _ of channel.events()) console.log("event");
    })();
    program.kill();
    break;
  case "destroyed":
    channel.wait().then(console.log, console.log);
    domain.destroy();
}
