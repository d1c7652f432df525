/**
 * What a run of the bench says of the machine that it ran on.
 *
 * @module
 */

/** What the processor calls itself, where the system says so. */
export function processor(): string {
  try {
    return /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "an unknown processor";
  } catch {
    return "an unknown processor";
  }
}

/** What a program answers to an argument, `-dumpfullversion` of gcc for example. */
export async function versionOf(command: string, argument: string): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args: [argument] }).output();
  return new TextDecoder().decode(stdout).trim();
}
