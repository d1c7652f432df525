import type { Command } from "commander";
import { connect, listen } from "../commands/vchan.ts";
import type { Host } from "../host.ts";
import { withExamples, withPlace } from "./options.ts";

/** Adds `vchan`. */
export function addVchanCommands(program: Command, host: Host): void {
  const vchan = program.command("vchan")
    .description(
      "Netcat between domains: passes the standard input and output through a channel of libxenvchan's protocol.",
    );
  withExamples(
    withPlace(vchan.command("listen").description("Wait for a client in a domain."), 1)
      .argument("<client>", "the domain of the client")
      .argument("<path>", "a name, or a path in XenStore")
      .option("--close", "close the channel at the end of the input")
      .option("--timeout <time>", "how long to wait for the client (default: for ever)")
      .action((client, path, options) => listen(host, client, path, options)),
    "gntalloc vchan listen 0 chat",
  );
  withExamples(
    withPlace(vchan.command("connect").description("Connect to a server in a domain."), 0)
      .argument("<server>", "the domain of the server")
      .argument("<path>", "a name, or a path in XenStore")
      .option("--close", "close the channel at the end of the input")
      .option("--timeout <time>", "how long to wait for the server (default: for ever)")
      .action((server, path, options) => connect(host, server, path, options)),
    "tar c . | gntalloc vchan connect 5 files --close",
    "gntalloc vchan connect 1 chat --line '1: vchan-listen s 0 chat' --line start " +
      "--line '1: vchan-send s hello' --line '1: vchan-close s'",
  );
}
