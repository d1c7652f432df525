/** Runs a host command to its end and returns what it printed; throws with its last words when it fails. */
export async function exec(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) {
    const said = (decoder.decode(stderr) || decoder.decode(stdout)).trim();
    throw new Error(
      `${command} ${args[0] ?? ""} failed with ${code}: ${said.split("\n").slice(-3).join(" | ")}`,
    );
  }
  return decoder.decode(stdout);
}
