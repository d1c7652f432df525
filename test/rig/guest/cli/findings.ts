/** What `doctor` finds. */

import type { Ended } from "../../../support/running.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";

/** A finding, as `doctor --json` prints it. */
export interface Finding {
  readonly check: string;
  readonly status: string;
  readonly says: string;
  readonly mend?: string;
}

/** Reads what `doctor --json` has printed. Its exit code must fit to it. */
export function findingsIn({ code, stdout, stderr }: Ended): Finding[] {
  assertEquals(stderr, "");
  const { ok, findings }: { ok: boolean; findings: Finding[] } = JSON.parse(stdout);
  assertEquals(ok, findings.every(({ status }) => status !== "fail"));
  assertEquals(code, ok ? 0 : 1);
  return findings;
}

/** Returns the finding of a check. */
export function findingOf(findings: readonly Finding[], check: string): Finding {
  const found = findings.find((finding) => finding.check === check);
  assert(found !== undefined, `doctor does not look at ${check}: ${findings.map(({ check }) => check)}`);
  return found;
}

/** Returns the checks that ended in a way. */
export function checksThat(status: string, findings: readonly Finding[]): string[] {
  return findings.filter((finding) => finding.status === status).map(({ check }) => check);
}
