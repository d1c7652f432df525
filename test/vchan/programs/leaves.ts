/**
 * A program that leaves a channel as its argument says, prints a line, and does nothing more.
 *
 * @module
 */
import { MockXen } from "../../../backends/mock.ts";
import { Vchan, VchanServer } from "../../../src/vchan/mod.ts";

const [what] = Deno.args;
const xen = new MockXen();
const path = "test";
const domain0 = xen.domain(0);
const program = xen.domain(1).process();
const server = await VchanServer.listen(program, what === "an idle server for no domain" ? 7 : 0, { path });
if (what === "a closed server") await server.close();
else if (!what!.startsWith("an idle server")) {
  const [ours, theirs] = await Promise.all([server.accept(), Vchan.connect(domain0, 1, { path })]);
  if (what === "a call that waits for a client") {
    ours.close();
    theirs.close();
    server.accept();
  } else {
    if (what === "an aborted call") {
      ours.close();
      theirs.close();
      await server.accept({ signal: AbortSignal.timeout(5) }).catch(() => {});
    }
    await server.close();
    if (what === "closed connections") {
      ours.close();
      theirs.close();
    } else if (what === "a connection that the other side has closed") {
      ours.close();
      await theirs.closed;
    } else if (what === "a connection of a killed program") {
      program.kill();
      await theirs.closed;
    }
  }
}
console.log("left");
