/** Runs one check on a copy of the library: `check.ts <folder> <name>`. Exits with 1 if it finds the fault. */
import { CASES } from "./cases.ts";

const [folder, name] = Deno.args as [string, string];
const library = { ...await import(`file://${folder}/mod.ts`), ...await import(`file://${folder}/backends/mock.ts`) };
try {
  CASES.find((one) => one.name === name)!.check(library);
} catch (error) {
  console.error(`fault found: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
