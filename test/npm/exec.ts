/** Runs a program to its end and returns what it printed; throws with its last words when it fails. */
export async function exec(command: string, args: string[], cwd: string): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, {
      args,
      cwd,
      env: { NO_COLOR: "1", NODE_NO_WARNINGS: "1", DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`${command} must be installed`, { cause: error });
  }
  const decoder = new TextDecoder();
  const said = decoder.decode(output.stdout);
  if (output.success) return said;
  const ended = output.signal ?? output.code;
  const words = `${said}\n${decoder.decode(output.stderr)}`.trim().split("\n").slice(-20).join("\n");
  throw new Error(`${command} ${args.join(" ")} ended with ${ended}:\n${words}`);
}
