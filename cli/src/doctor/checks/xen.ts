import type { Check } from "../finding.ts";
import { isProblem, type Reader } from "../reader.ts";

/** Whether this is a domain of Xen, and which. */
export const XEN_CHECKS: readonly Check[] = [
  {
    name: "xen",
    needsXen: false,
    async run(reader, { isXen }) {
      if (isXen) return { status: "pass", says: `Xen ${await versionOf(reader)}` };
      const mend = "gntalloc share --mock --to 0";
      if (reader.platform !== "linux") {
        return {
          status: "fail",
          says: `this is ${reader.platform}: only Linux has the devices. Use the simulated Xen`,
          mend,
        };
      }
      const type = await reader.text("/sys/hypervisor/type");
      if (isProblem(type) && type.code !== "ENOENT") {
        return { status: "fail", says: `/sys/hypervisor/type cannot be read: ${type.message}`, mend: "deno run -A …" };
      }
      return { status: "fail", says: "this is not a domain of Xen. Use the simulated Xen", mend };
    },
  },
  {
    name: "domain",
    needsXen: true,
    async run(reader, { isDom0 }) {
      const type = await reader.text("/sys/hypervisor/guest_type");
      const kind = isProblem(type) ? "of a kind that its kernel does not tell" : type;
      const domid = await reader.domid();
      const number = typeof domid === "number" ? `domain ${domid}` : "a domain";
      const role = isDom0 === undefined ? "" : isDom0 ? " (dom0)" : " (domU)";
      const says = `${number}${role}, ${kind}`;
      if (kind !== "PVH" && kind !== "HVM") return { status: "pass", says };
      return {
        status: "pass",
        says: `${says}: it must not map its own grants as a peer, and the library refuses that`,
      };
    },
  },
  {
    name: "page size",
    needsXen: true,
    async run(reader) {
      const mappings = await reader.text("/proc/self/smaps");
      const size = isProblem(mappings) ? undefined : /^KernelPageSize: +(\d+) kB$/m.exec(mappings)?.[1];
      const kernel = `Linux ${reader.kernel ?? "of an unknown release"}`;
      if (size === undefined) return { status: "skip", says: `${kernel}, which does not tell the size of its pages` };
      if (size === "4") return { status: "pass", says: `${kernel}, pages of 4096 bytes` };
      return {
        status: "fail",
        says: `${kernel} has pages of ${size} KiB, and Xen's grants are of 4 KiB: boot a kernel with pages of 4 KiB`,
        mend: "grep CONFIG_ARM64_4K_PAGES /boot/config-*",
      };
    },
  },
];

async function versionOf(reader: Reader): Promise<string> {
  const parts = await Promise.all(
    ["major", "minor", "extra"].map((name) => reader.text(`/sys/hypervisor/version/${name}`)),
  );
  const [major, minor, extra] = parts.map((part) => isProblem(part) ? "" : part);
  return major === "" ? "of an unknown version" : `${major}.${minor}${extra}`;
}
