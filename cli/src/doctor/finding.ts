import { isProblem, type Reader } from "./reader.ts";

/** How a check ended. `skip`: it does not apply here, or the answer cannot be had from here. */
export type Status = "pass" | "warn" | "fail" | "skip";

/** What a check found. */
export interface Finding {
  /** The name of the check. */
  readonly check: string;
  readonly status: Status;
  /** What is the case, in a sentence without a full stop. */
  readonly says: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** The facts that several checks need. */
export interface Facts {
  /** Whether this is a Linux domain of Xen; `undefined` if that cannot be read. */
  readonly isXen: boolean | undefined;
  /** Whether this is dom0; `undefined` if that cannot be known. */
  readonly isDom0: boolean | undefined;
}

/** A check of one thing. */
export interface Check {
  readonly name: string;
  /** Whether it makes sense only in a domain of Xen. */
  readonly needsXen: boolean;
  run(reader: Reader, facts: Facts): Promise<Omit<Finding, "check">>;
}

/** Learns what several checks need. */
export async function learn(reader: Reader): Promise<Facts> {
  const type = await reader.text("/sys/hypervisor/type");
  const isKnown = !isProblem(type) || type.code === "ENOENT" || reader.platform !== "linux";
  const isXen = isKnown ? reader.platform === "linux" && type === "xen" : undefined;
  const capabilities = await reader.text("/proc/xen/capabilities");
  if (!isProblem(capabilities)) return { isXen, isDom0: capabilities.includes("control_d") };
  const domid = isXen ? await reader.domid() : undefined;
  return { isXen, isDom0: typeof domid === "number" ? domid === 0 : undefined };
}
