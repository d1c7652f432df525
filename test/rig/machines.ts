/**
 * The machines that the rig boots: each is data, for the host, which makes it, and for the guests, which run on it.
 *
 * @module
 */

/** A processor, by Debian's name. */
export type Architecture = "amd64" | "arm64";

/** What depends on the processor alone. */
interface Processor {
  /** The name that people use. */
  readonly name: string;
  /** The name of Debian's folders for its libraries. */
  readonly triplet: string;
  /** The C compiler for it, on this machine. */
  readonly compiler: string;
  /** The QEMU that emulates it. */
  readonly qemu: string;
  /** npm's name of it. */
  readonly npm: string;
  /**
   * How Xen finds the kernel and the initramfs of dom0: as modules that QEMU's multiboot loader hands over, or where
   * QEMU's guest loader puts them.
   */
  readonly start: "multiboot" | "guest-loader";
}

/** The processors. */
export const PROCESSORS: Readonly<Record<Architecture, Processor>> = {
  amd64: {
    name: "x86-64",
    triplet: "x86_64-linux-gnu",
    compiler: "gcc",
    qemu: "qemu-system-x86_64",
    npm: "x64",
    start: "multiboot",
  },
  arm64: {
    name: "aarch64",
    triplet: "aarch64-linux-gnu",
    compiler: "aarch64-linux-gnu-gcc",
    qemu: "qemu-system-aarch64",
    npm: "arm64",
    start: "guest-loader",
  },
};

/** The type of a domU. */
export type DomuType = "pv" | "pvh" | "hvm";

/** A machine with Xen on it. */
interface Description {
  readonly architecture: Architecture;
  /** The suite of Debian that Xen, the kernel and the C libraries come from. */
  readonly suite: "bookworm" | "trixie" | "sid";
  /** The version in the names of Xen's packages. */
  readonly xen: "4.17" | "4.20";
  /** The package that names the kernel's package, whose name changes with Debian's updates. */
  readonly kernel: string;
  /** QEMU's arguments: the type of the machine and the model of the processor. */
  readonly qemu: readonly string[];
  /** Memory beyond what the runs need, in MiB. */
  readonly spare: number;
  /** Options on Xen's command line. */
  readonly xenOptions: string;
  /** The type of its domUs. */
  readonly domu: DomuType;
}

/** Deno needs Nehalem or later, and dom0 crashes on `max`. Without features that TCG lacks and warns of. */
const CPU = "Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid";
/** TCG emulates AMD's SVM only. A PVH or HVM domain crashes on a processor with RDTSCP, and its Deno on one with AVX. */
const CPU_WITH_SVM = "Nehalem,vendor=AuthenticAMD,+svm,+npt";

const WITH_PV = {
  architecture: "amd64",
  kernel: "linux-image-amd64",
  qemu: ["-cpu", CPU],
  spare: 0,
  // xpti=no: switching page tables at each system call doubles the run's time under emulation.
  xenOptions: "com1=115200,8n1 console=com1 xpti=no",
  domu: "pv",
} as const;
const WITH_PVH = { ...WITH_PV, qemu: ["-cpu", CPU_WITH_SVM], domu: "pvh" } as const;
const WITH_HVM = { ...WITH_PVH, domu: "hvm" } as const;
const WITH_ARM = {
  architecture: "arm64",
  kernel: "linux-image-arm64",
  qemu: ["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a57"],
  // Xen maps dom0's memory where it is: it must fit around the kernel, the initramfs and Xen itself.
  spare: 1024,
  xenOptions: "console=dtuart",
  // The only type there is.
  domu: "pvh",
} as const;
const BOOKWORM = { suite: "bookworm", xen: "4.17" } as const;
const TRIXIE = { suite: "trixie", xen: "4.20" } as const;
const SID = { suite: "sid", xen: "4.20" } as const;

const DESCRIPTIONS = {
  "bookworm-pv": { ...BOOKWORM, ...WITH_PV },
  "bookworm-pvh": { ...BOOKWORM, ...WITH_PVH },
  "bookworm-hvm": { ...BOOKWORM, ...WITH_HVM },
  "bookworm-arm64": { ...BOOKWORM, ...WITH_ARM },
  "trixie-pv": { ...TRIXIE, ...WITH_PV },
  "trixie-pvh": { ...TRIXIE, ...WITH_PVH },
  "trixie-arm64": { ...TRIXIE, ...WITH_ARM },
  "sid-pv": { ...SID, ...WITH_PV },
} as const satisfies Readonly<Record<string, Description>>;

/** The name of a machine: the suite of Debian, and what is special about it. */
export type MachineName = keyof typeof DESCRIPTIONS;

/** A machine with Xen on it, and its name. */
export interface Machine extends Description {
  readonly name: MachineName;
}

/** The names of all machines. */
export const MACHINE_NAMES = Object.keys(DESCRIPTIONS) as readonly MachineName[];

/** Returns a machine by its name. */
export function machineNamed(name: MachineName): Machine {
  return { name, ...DESCRIPTIONS[name] };
}

/** The machine of most runs, and of all benches. Its programs run on this machine as well. */
export const USUAL = machineNamed("bookworm-pv");

/** Returns whether the packages of a machine are those of this machine's own Debian. */
export function isNative({ architecture, suite }: Machine): boolean {
  return architecture === USUAL.architecture && suite === USUAL.suite;
}
