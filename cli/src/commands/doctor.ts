import { examine } from "../doctor/examine.ts";
import type { Finding, Status } from "../doctor/finding.ts";
import { mockReader } from "../doctor/mock_reader.ts";
import { realReader, thisRuntime } from "../doctor/real_reader.ts";
import { Failed } from "../exit.ts";
import type { Host } from "../host.ts";
import { type Palette, paletteOf } from "../palette.ts";

/** The options of `doctor`. */
export interface DoctorCommandOptions {
  readonly mock?: boolean;
  readonly json?: boolean;
}

/** Looks for what is wrong with this system, and changes nothing. */
export async function doctor(host: Host, { mock, json }: DoctorCommandOptions): Promise<void> {
  // The real reader asks for more than a simulated Xen needs.
  const findings = await examine(mock ? mockReader(thisRuntime()) : realReader());
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length;
  const failed = count("fail");
  if (json) {
    await host.out(`${JSON.stringify({ ok: failed === 0, findings }, null, 2)}\n`);
  } else {
    const palette = paletteOf(host.colours);
    await host.out(findings.map((finding) => `${lineOf(finding, palette)}\n`).join(""));
    await host.out(`\n${count("pass")} passed, ${count("warn")} warned, ${failed} failed, ${count("skip")} skipped\n`);
  }
  if (failed > 0) throw new Failed("something is wrong");
}

function lineOf({ check, status, says, mend }: Finding, palette: Palette): string {
  const colour = { pass: palette.good, warn: palette.warning, fail: palette.bad, skip: palette.faint }[status];
  const line = `${colour(status)}  ${palette.strong(check.padEnd(18))}${says}`;
  return mend === undefined ? line : `${line}\n      ${palette.faint("→")} ${mend}`;
}
