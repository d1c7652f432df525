import type { Command } from "commander";

/** Adds `help` to a program and its groups. That of commander shows the whole help for a command that is not there. */
export function addHelpCommand(program: Command): void {
  for (const group of program.commands) if (group.commands.length > 0) addHelpCommand(group);
  program.helpCommand(false).command("help").argument("[command...]").description("Show the help of a command.")
    .action((words) => showHelp(program, words));
}

async function showHelp(command: Command, words: readonly string[]): Promise<void> {
  const [word, ...others] = words;
  if (word === undefined) command.help();
  const found = command.commands.find((one) => one.name() === word);
  if (found !== undefined) return await showHelp(found, others);
  if (command.commands.length === 0) command.error(`error: '${command.name()}' has no commands: leave out '${word}'`);
  // It refuses the word, and names a command that is like it.
  await command.parseAsync([word], { from: "user" });
}
