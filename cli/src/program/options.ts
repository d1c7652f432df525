import { type Command, Option } from "commander";

/** Collects an option that may come several times. */
export function collect(value: string, list: readonly string[] = []): string[] {
  return [...list, value];
}

/** Adds the options that say where a command runs. */
export function withPlace(command: Command, usual: number): Command {
  return command
    .option("--mock", "run on a simulated Xen")
    .addOption(new Option("--as <domid>", `the domain of the simulated Xen in which it runs (default: ${usual})`))
    .option("--script <file>", "a script that plays the other side, on a simulated Xen (see `gntalloc run --help`)")
    .addOption(new Option("--line <statement>", "a line of such a script; may come several times").argParser(collect));
}

/** Adds examples to the help of a command. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`);
}
