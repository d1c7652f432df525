import type { Command, Option } from "commander";
import { UsageError } from "../exit.ts";
import { SECTIONS } from "../explain/entries.ts";
import type { Host } from "../host.ts";

/** What a shell runs to complete words, with the words so far behind it. */
const COMPLETE = "gntalloc complete --";

const SCRIPTS: Readonly<Record<string, string>> = {
  // Bash splits words at colons, unless it is told not to: the parts of grant:closed are put together, and what is found
  // is cut again.
  bash: `_gntalloc() {
  local IFS=$'\\n' word last= words=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if (( \${#words[@]} )) && [[ $word == : || $last == *: ]]; then words[\${#words[@]} - 1]+=$word; else words+=("$word"); fi
    last=$word
  done
  word=\${words[\${#words[@]} - 1]}
  COMPREPLY=($(${COMPLETE} "\${words[@]}" 2>/dev/null))
  if [[ $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("\${COMPREPLY[@]#"\${word%"\${word##*:}"}"}"); fi
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
  const found = candidates(program, words.slice(0, -1), current.startsWith("-"));
  await host.out(found.filter((word) => word.startsWith(current)).map((word) => `${word}\n`).join(""));
}

/** What may follow words: an option, the value of one, a command or an argument. */
function candidates(program: Command, before: readonly string[], isOption: boolean): readonly string[] {
  let command = program;
  // What follows `help` are the commands beside it.
  for (const word of before) {
    command = command.commands.find((one) => one.name() === word && word !== "help") ?? command;
  }
  const last = before.at(-1) ?? "";
  const option = command.options.find(({ long, short }) => long === last || short === last);
  if (option?.required) return option.argChoices ?? [];
  if (isOption) return [...command.options, HELP].flatMap(({ long, short }) => long ?? short ?? []);
  return [...visibleCommands(command), ...ARGUMENTS[command.name()]?.() ?? []];
}

const HELP: Pick<Option, "long" | "short"> = { long: "--help" };

/** What the arguments of commands may be, by the names of the commands. */
const ARGUMENTS: Readonly<Record<string, () => readonly string[]>> = {
  explain: () => SECTIONS.flatMap(({ prefix, entries }) => Object.keys(entries).map((name) => `${prefix}:${name}`)),
  completions: () => Object.keys(SCRIPTS),
};

function visibleCommands(command: Command): string[] {
  return command.createHelp().visibleCommands(command).map((one) => one.name());
}
