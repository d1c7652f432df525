import type { Check } from "../finding.ts";
import { isProblem } from "../reader.ts";

/** The devices with their drivers, and what each is for. */
const DEVICES = [
  { device: "gntalloc", driver: "xen_gntalloc", use: "share pages" },
  { device: "gntdev", driver: "xen_gntdev", use: "map and copy pages" },
  { device: "evtchn", driver: "xen_evtchn", use: "use event channels" },
  { device: "xenbus", driver: undefined, use: "use XenStore" },
] as const;

/** The devices: whether their drivers are there, and whether this user may use them. */
export const DRIVER_CHECKS: readonly Check[] = DEVICES.map(({ device, driver, use }): Check => ({
  name: `/dev/xen/${device}`,
  needsXen: true,
  async run(reader) {
    const path = `/dev/xen/${device}`;
    const problem = await reader.access(path);
    if (problem === undefined) return { status: "pass", says: `this user can ${use}` };
    if (problem.code === "EACCES" || problem.code === "EPERM") {
      return {
        status: "fail",
        says: `this user cannot ${use}: no right to read and write it`,
        mend: `sudo chown root:$(id -gn) ${path} && sudo chmod 0660 ${path}`,
      };
    }
    if (problem.code !== "ENOENT") {
      return { status: "fail", says: `this user cannot ${use}: ${problem.message}`, mend: `ls -l ${path}` };
    }
    // The kernel of each domain has the device for XenStore.
    const isLoaded = driver === undefined || !isProblem(await reader.text(`/sys/module/${driver}/uevent`)) ||
      !isProblem(await reader.text(`/sys/module/${driver}/parameters/limit`));
    if (isLoaded) {
      return {
        status: "fail",
        says: `no program can ${use}: the device is not here, although the kernel has it. In a container, pass it in`,
        mend: `docker run --device ${path} …`,
      };
    }
    return {
      status: "fail",
      says: `no program can ${use}: the driver ${driver} is not loaded`,
      mend: `sudo modprobe ${driver}`,
    };
  },
}));
