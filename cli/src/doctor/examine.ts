import { DRIVER_CHECKS } from "./checks/drivers.ts";
import { LIMIT_CHECKS } from "./checks/limits.ts";
import { RUNTIME_CHECKS } from "./checks/runtime.ts";
import { STORE_CHECKS } from "./checks/store.ts";
import { XEN_CHECKS } from "./checks/xen.ts";
import { type Check, type Finding, learn } from "./finding.ts";
import type { Reader } from "./reader.ts";

/** All checks, in the order in which they help to understand each other. */
export const CHECKS: readonly Check[] = [
  ...XEN_CHECKS,
  ...RUNTIME_CHECKS,
  ...DRIVER_CHECKS,
  ...LIMIT_CHECKS,
  ...STORE_CHECKS,
];

/** Makes all checks. */
export async function examine(reader: Reader): Promise<Finding[]> {
  const facts = await learn(reader);
  const findings: Finding[] = [];
  for (const { name, needsXen, run } of CHECKS) {
    if (needsXen && !facts.isXen) {
      const says = facts.isXen === false ? "no Xen was found" : "not looked at, as nobody knows whether this is Xen";
      findings.push({ check: name, status: "skip", says });
    } else findings.push(forUser(reader, { check: name, ...await run(reader, facts) }));
  }
  return findings;
}

/** Root needs no `sudo`, which small systems do not have. */
function forUser({ isRoot }: Reader, finding: Finding): Finding {
  if (!isRoot || finding.mend === undefined) return finding;
  return { ...finding, mend: finding.mend.replaceAll("sudo ", "") };
}
