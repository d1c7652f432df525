import type { Command } from "commander";
import * as commands from "../commands/store.ts";
import type { Host } from "../host.ts";
import { withExamples, withPlace } from "./options.ts";

/** Adds `store`. */
export function addStoreCommands(program: Command, host: Host): void {
  const store = program.command("store").description("Look into XenStore, and change it.");
  const add = (usage: string, description: string) => withPlace(store.command(usage).description(description), 0);

  withExamples(
    add("ls <path>", "List the nodes below a node.")
      .option("-r, --recursive", "all that is below, with the values")
      .action((path, options) => commands.list(host, path, options)),
    "gntalloc store ls -r /local/domain/1 --line '1: store-write data/colour blue'",
  );
  add("read <path>", "Print the value of a node.")
    .option("--raw", "write the bytes as they are")
    .action((path, options) => commands.read(host, path, options));
  add("write <path> <value>", "Write a node; @FILE takes a file. The node is made if it is not there.")
    .action((path, value, options) => commands.write(host, path, value, options));
  add("rm <path>", "Remove a node and all that is below.")
    .action((path, options) => commands.remove(host, path, options));
  withExamples(
    add("watch <path>", "Print each path that changes at a node or below, until a signal, a key or --for.")
      .option("--for <time>", "how long to watch")
      .action((path, options) => commands.watch(host, path, options)),
    "gntalloc store watch /local/domain/1/data --line start --line '1: store-write data/colour blue'",
  );
  withExamples(
    add("perms <path> [rights...]", "Print who may do what with a node, or set it: DOMID:ACCESS, the owner first.")
      .action((path, rights, options) => commands.permissions(host, path, rights, options)),
    "gntalloc store perms /local/domain/1/data",
    "gntalloc store perms data/secret 1:none 0:read",
  );
}
