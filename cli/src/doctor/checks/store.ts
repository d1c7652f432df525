import type { Check } from "../finding.ts";
import { isProblem } from "../reader.ts";

/** XenStore. */
export const STORE_CHECKS: readonly Check[] = [
  {
    name: "XenStore",
    needsXen: true,
    async run(reader, { isDom0 }) {
      const domid = await reader.domid();
      if (!isProblem(domid)) return { status: "pass", says: `it answers: this is domain ${domid}` };
      const start = isDom0 === false ? "systemctl start xenstored   # in dom0" : "sudo systemctl start xenstored";
      switch (domid.code) {
        case "permission":
          return {
            status: "fail",
            says: plain(domid.message),
            mend: "sudo chown root:$(id -gn) /dev/xen/xenbus && sudo chmod 0660 /dev/xen/xenbus",
          };
        case "timed-out":
          return { status: "fail", says: "the daemon does not answer", mend: start.replace("start", "restart") };
        default:
          return { status: "fail", says: plain(domid.message), mend: start };
      }
    },
  },
];

function plain(message: string): string {
  return message.replace(/\.$/, "");
}
