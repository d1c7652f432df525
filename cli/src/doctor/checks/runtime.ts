import type { Check } from "../finding.ts";

/** The oldest Deno that is tested. Of Node, the program runs on none that is too old: see main.ts. */
const OLDEST_DENO = [2, 9] as const;

/** What runs this program, and whether it can call the C library. */
export const RUNTIME_CHECKS: readonly Check[] = [
  {
    name: "runtime",
    needsXen: false,
    run({ runtime: { name, version } }) {
      const [major = 0, minor = 0] = version.split(".").map(Number);
      const [least, leastMinor] = OLDEST_DENO;
      const isOld = name === "Deno" && (major < least || (major === least && minor < leastMinor));
      const says = `${name} ${version}`;
      return Promise.resolve(
        isOld
          ? {
            status: "warn",
            says: `${says}; the oldest that is tested is ${least}.${leastMinor}`,
            mend: "deno upgrade",
          }
          : { status: "pass", says },
      );
    },
  },
  {
    name: "ffi",
    needsXen: false,
    async run(reader) {
      const problem = await reader.ffi();
      if (problem === undefined) return { status: "pass", says: "functions of the C library can be called" };
      const mend = reader.runtime.name === "Deno" ? "deno run --allow-ffi --allow-read --allow-env …" : reader.koffi;
      return { status: "fail", says: problem.message.replace(/\.$/, ""), mend };
    },
  },
];
