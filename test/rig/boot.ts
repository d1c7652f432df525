import type { Rig } from "./image.ts";
import { type Machine, PROCESSORS } from "./machines.ts";

/**
 * The memory of each machine, in MiB. dom0 gets its share, and the rest is for domUs. On aarch64, dom0's memory is made
 * of pieces of 128 MiB.
 */
const MEMORY = {
  loopback: { machine: 2048, dom0: 1536 },
  differential: { machine: 2048, dom0: 1536 },
  // Three versions of Node, packed and unpacked, take a gigabyte.
  node: { machine: 3584, dom0: 3072 },
  litmus: { machine: 2048, dom0: 1536 },
  bench: { machine: 2560, dom0: 2048 },
  "store-bench": { machine: 2560, dom0: 2048 },
  domu: { machine: 6144, dom0: 2560 },
  pvh: { machine: 4608, dom0: 2560 },
  hvm: { machine: 4608, dom0: 2560 },
  suspend: { machine: 3072, dom0: 2048 },
  store: { machine: 4608, dom0: 2560 },
  oxenstore: { machine: 4608, dom0: 2560 },
  vchan: { machine: 6144, dom0: 2560 },
  cli: { machine: 6144, dom0: 2560 },
  disk: { machine: 4608, dom0: 2560 },
  "disk-bench": { machine: 4608, dom0: 2560 },
};

/** Returns the memory of a machine for a rig, in MiB. */
export function memoryOf(rig: Rig, { spare }: Machine): number {
  return MEMORY[rig].machine + spare;
}

/** Variables for the environment of dom0's init. */
type Variables = Readonly<Record<string, number>>;

/** A machine that prints nothing for this long hangs. */
const SILENCE_LIMIT_SECONDS = 300;
/** A machine that runs longer than this hangs, too. */
const BOOT_LIMIT_SECONDS = 1800;

/**
 * Boots Xen with the images of `folder`, and follows its serial console to the end, into `logFile` and, line by line,
 * into `onLine`.
 *
 * @returns What went wrong with the machine itself, if anything.
 */
export async function boot(
  machine: Machine,
  rig: Rig,
  variables: Variables,
  folder: string,
  logFile: string,
  onLine: (line: string) => void,
): Promise<string | undefined> {
  const qemu = new Deno.Command(PROCESSORS[machine.architecture].qemu, {
    args: qemuArguments(machine, rig, variables),
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stopped: string | undefined;
  const stop = (reason: string) => {
    stopped ??= reason;
    qemu.kill("SIGKILL");
  };
  const total = setTimeout(
    () => stop(`the machine ran for more than ${BOOT_LIMIT_SECONDS} s`),
    BOOT_LIMIT_SECONDS * 1000,
  );
  let silence: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(
      () => stop(`the machine said nothing for ${SILENCE_LIMIT_SECONDS} s`),
      SILENCE_LIMIT_SECONDS * 1000,
    );
  };

  using log = await Deno.open(logFile, {
    write: true,
    create: true,
    truncate: true,
  });
  const complaints = new Response(qemu.stderr).text();
  const decoder = new TextDecoder();
  let unfinished = "";
  try {
    heard();
    for await (const bytes of qemu.stdout) {
      heard();
      for (let done = 0; done < bytes.length;) {
        done += log.writeSync(bytes.subarray(done));
      }
      const lines = (unfinished + decoder.decode(bytes, { stream: true }))
        .split("\n");
      unfinished = lines.pop()!;
      lines.forEach(onLine);
    }
    onLine(unfinished);
    const status = await qemu.status;
    if (stopped) return stopped;
    if (!status.success) {
      return `QEMU ended with ${status.signal ?? status.code}: ${(await complaints).trim()}`;
    }
  } finally {
    clearTimeout(total);
    clearTimeout(silence);
  }
}

/** Boots the same machine with a shell in dom0 on this terminal. */
export async function bootShell(machine: Machine, rig: Rig, variables: Variables, folder: string): Promise<void> {
  await new Deno.Command(PROCESSORS[machine.architecture].qemu, {
    args: qemuArguments(machine, rig, { ...variables, shell: 1 }),
    cwd: folder,
  }).spawn().status;
}

function qemuArguments(machine: Machine, rig: Rig, variables: Variables): string[] {
  return [
    // Always software emulation, as Xen does not start as a guest on every KVM.
    "-accel",
    "tcg",
    ...machine.qemu,
    "-smp",
    // Two threads that take turns see nothing of each other's order.
    rig === "litmus" ? "2" : "1",
    "-m",
    `${memoryOf(rig, machine)}`,
    "-display",
    "none",
    "-nic",
    "none",
    "-serial",
    "shell" in variables ? "mon:stdio" : "stdio",
    "-monitor",
    "none",
    // A crashed Xen reboots after five seconds. That ends the run.
    "-no-reboot",
    "-kernel",
    "xen.elf",
    "-append",
    `${machine.xenOptions} dom0_mem=${MEMORY[rig].dom0}M`,
    ...kernelArguments(machine, linuxOptions(machine, rig, variables)),
  ];
}

function linuxOptions(machine: Machine, rig: Rig, variables: Variables): string {
  // Level 5 shows warnings on the console. `quiet` would hide them from the judge.
  return [
    "console=hvc0",
    "earlyprintk=xen",
    "loglevel=5",
    `rig=${rig}`,
    `machine=${machine.name}`,
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
  ].join(" ");
}

/** Where QEMU's guest loader puts the kernel and the initramfs. Xen is at the begin of memory, 0x40000000. */
const [KERNEL_AT, INITRAMFS_AT] = ["0x50000000", "0x54000000"];

/** Returns the arguments for the kernel and the initramfs of dom0. */
function kernelArguments({ architecture }: Machine, linux: string): string[] {
  switch (PROCESSORS[architecture].start) {
    case "multiboot":
      // The kernel with its command line, a comma, the initramfs. The names are relative, as a comma or a space in a
      // path would end it.
      return ["-initrd", `vmlinux ${linux},initramfs.cpio`];
    case "guest-loader":
      return [
        "-device",
        `guest-loader,addr=${KERNEL_AT},kernel=vmlinux,bootargs=${linux}`,
        "-device",
        `guest-loader,addr=${INITRAMFS_AT},initrd=initramfs.cpio`,
      ];
  }
}
