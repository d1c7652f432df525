/** The command line, as Node 20 starts it. */
import process from "node:process";

Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });
await import("../../../cli/main.ts");
