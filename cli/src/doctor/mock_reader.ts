import type { Reader } from "./reader.ts";

/** The files of a healthy PV domU. */
const FILES: Readonly<Record<string, string>> = {
  "/sys/hypervisor/type": "xen",
  "/sys/hypervisor/version/major": "4",
  "/sys/hypervisor/version/minor": "17",
  "/sys/hypervisor/version/extra": ".5",
  "/sys/hypervisor/guest_type": "PV",
  "/proc/xen/capabilities": "",
  "/sys/module/xen_gntalloc/parameters/limit": "1024",
  "/sys/module/xen_gntdev/parameters/limit": "65536",
  "/proc/self/smaps": "KernelPageSize:        4 kB",
};

/** A system like that of the simulated Xen, on which all is well: to see what `doctor` says. */
export function mockReader(runtime: Reader["runtime"]): Reader {
  return {
    platform: "linux",
    runtime,
    koffi: "npm install koffi",
    isRoot: true,
    kernel: "6.1.0",
    text: (path) => Promise.resolve(FILES[path] ?? { code: "ENOENT", message: `${path} is not there` }),
    access: () => Promise.resolve(undefined),
    command: () => Promise.resolve(undefined),
    ffi: () => Promise.resolve(undefined),
    domid: () => Promise.resolve(1),
  };
}
