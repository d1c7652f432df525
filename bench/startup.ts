import { median } from "./clock.ts";
import type { Runtime } from "./sides.ts";

/** Milliseconds from the import of the library to the first grant: the median of some processes. */
export async function measureStartup({ command }: Runtime, processes: number): Promise<number> {
  const [program, ...args] = command;
  const script = new URL("startup_side.ts", import.meta.url).pathname;
  const times: number[] = [];
  for (let index = 0; index < processes; index++) {
    const { success, stdout } = await new Deno.Command(program!, { args: [...args, script] }).output();
    if (!success) throw new Error("Cannot measure how long the library takes to start");
    times.push(Number(new TextDecoder().decode(stdout)));
  }
  return median(times);
}
