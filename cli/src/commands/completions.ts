import type { Command, Option } from "commander";
import { UsageError } from "../exit.ts";
import type { Host } from "../host.ts";

/** What a shell runs to complete words, with the words so far behind it. */
const COMPLETE = "gntalloc complete --";

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_gntalloc() {
  local IFS=$'\\n'
  COMPREPLY=($(${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _gntalloc gntalloc
`,
  zsh: `#compdef gntalloc
_gntalloc() {
  local -a found
  found=("\${(@f)$(${COMPLETE} "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  if (( \${#found[1]} )); then compadd -a found; else _files; fi
}
compdef _gntalloc gntalloc
`,
  fish: `complete -c gntalloc -a '(${COMPLETE} (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** Prints the script by which a shell completes commands and options. */
export async function completions(host: Host, shell: string): Promise<void> {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    throw new UsageError(`Cannot complete in "${shell}": it must be ${Object.keys(SCRIPTS).join(", ")}.`);
  }
  await host.out(script);
}

/** Prints the words that may come next, one a line. The last word is the one that is being written. */
export async function complete(host: Host, program: Command, words: readonly string[]): Promise<void> {
  const current = words.at(-1) ?? "";
  let command = program;
  for (const word of words.slice(0, -1)) command = command.commands.find((one) => one.name() === word) ?? command;
  const candidates = current.startsWith("-")
    ? [...command.options, HELP].flatMap((option) => option.long ?? option.short ?? [])
    : visibleCommands(command);
  const found = candidates.filter((candidate) => candidate.startsWith(current));
  await host.out(found.map((candidate) => `${candidate}\n`).join(""));
}

const HELP: Pick<Option, "long" | "short"> = { long: "--help" };

function visibleCommands(command: Command): string[] {
  return command.createHelp().visibleCommands(command).map((one) => one.name());
}
