import { type Command, Option } from "commander";
import { copy } from "../commands/copy.ts";
import { map } from "../commands/map.ts";
import { share } from "../commands/share.ts";
import type { Host } from "../host.ts";
import { collect, withExamples, withPlace } from "./options.ts";

/** Adds `share`, `map` and `copy`. */
export function addGrantCommands(program: Command, host: Host): void {
  const sharing = program.command("share")
    .description("Share pages with a domain, print their references, and hold them until a key, a signal or --for.")
    .requiredOption("--to <domid>", "the domain that may map them")
    .option("--pages <n>", "how many", "1")
    .option("--writable", "let that domain write to them")
    .option("--fill <text>", "what to write into them; @FILE takes a file")
    .option("--name <name>", "publish the references in XenStore, for `gntalloc map`")
    .option("--for <time>", "how long to hold them: 500ms, 10s, 2m")
    .action((options) => share(host, options));
  withExamples(
    withPlace(sharing, 1),
    "gntalloc share --to 0 --pages 2 --writable --fill hello --name ring",
    "gntalloc share --to 0 --mock --line start --line '0: map view 1 8' --line '0: dump view 0 16'",
  );

  const mapping = program.command("map")
    .description("Map pages of a domain and show what is in them.")
    .argument("<from>", "the domain that shares them")
    .argument("<what...>", "their references, such as 8-11 14, or the name that it publishes")
    .option("--write <offset=text>", "write text, or @FILE, at an offset; may come several times", collect)
    .option("--writable", "map them for writing, as --write does")
    .option("--offset <n>", "the first byte to show", "0")
    .option("--length <n>", "how many bytes to show (default: all)")
    .option("--raw", "write the bytes as they are")
    .option("--watch", "show what changes, until a key, a signal or --for")
    .option("--every <time>", "how often to look for changes", "200ms")
    .option("--hold", "keep the pages mapped until a key or a signal")
    .option("--for <time>", "how long to watch or to hold")
    .option("--timeout <time>", "how long to wait for the name", "60s")
    .action((from, what, options) => map(host, from, what, options));
  withExamples(
    withPlace(mapping, 0),
    "gntalloc map 5 ring",
    "gntalloc map 5 8-9 --write 4096=hello --watch",
    "gntalloc map 1 ring --mock --line '1: share ring --to 0 --fill hello'",
  );

  const copying = program.command("copy")
    .description("Copy bytes out of granted pages, or into them, without mapping them.")
    .argument("<from>", "the domain that shares them")
    .argument("<what...>", "their references, or the name that it publishes")
    .option("--offset <n>", "the first byte", "0")
    .option("--length <n>", "how many bytes (default: all)")
    .addOption(
      new Option("--write <text>", "copy text, or @FILE, into the pages instead").conflicts(["length", "raw"]),
    )
    .option("--raw", "write the bytes as they are")
    .option("--timeout <time>", "how long to wait for the name", "60s")
    .action((from, what, options) => copy(host, from, what, options));
  withExamples(
    withPlace(copying, 0),
    "gntalloc copy 5 8 --length 64",
    "gntalloc copy 1 ring --length 16 --mock --line '1: share ring --to 0 --fill hello'",
  );
}
