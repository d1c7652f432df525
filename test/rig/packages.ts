import { exec } from "../../scripts/exec.ts";
import { exclusively } from "../../scripts/exclusively.ts";
import { Apt } from "./apt.ts";
import { namesIn, onlyMatch } from "./files.ts";
import { unpackLinux, unpackModules, unpackXen } from "./kernels.ts";
import { isNative, type Machine, PROCESSORS, USUAL } from "./machines.ts";

/** Programs, and the packages that bring them. */
const INSTALLED: Readonly<Record<string, readonly string[]>> = {
  "qemu-system-x86_64": ["qemu-system-x86"],
  "qemu-system-aarch64": ["qemu-system-arm"],
  gcc: ["gcc", "libc6-dev"],
  "aarch64-linux-gnu-gcc": ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
};

/** Returns the programs that this machine needs to emulate others. */
export function programsFor(machines: readonly Machine[]): string[] {
  const processors = [USUAL, ...machines].map(({ architecture }) => PROCESSORS[architecture]);
  return [...new Set(processors.flatMap(({ qemu, compiler }) => [qemu, compiler]))];
}

const PROGRAMS = programsFor([USUAL]);

/** Packages that are only unpacked, so that they do not touch the machine's own kernel or boot loader. */
function unpackedFor(machine: Machine): string[] {
  const { xen, architecture } = machine;
  return [
    "busybox-static",
    `xen-hypervisor-${xen}-${architecture}`,
    `xen-utils-${xen}`,
    "xen-utils-common",
    "xenstore-utils",
    "libxen-dev",
    "libxencall1",
    "libxendevicemodel1",
    "libxenevtchn1",
    "libxenforeignmemory1",
    "libxengnttab1",
    "libxenhypfs1",
    `libxenmisc${xen}`,
    "libxenstore4",
    "libxentoolcore1",
    "libxentoollog1",
    "libyajl2",
    // The native machine has the libraries of this one, which unpacks the kernels of the others. It alone has disks and a
    // device model, whose libraries are those of QEMU on this machine.
    ...(isNative(machine) ? ["xz-utils", ...FILESYSTEM, ...DEVICE_MODEL] : LIBRARIES),
  ];
}

/** What makes and checks a filesystem. */
const FILESYSTEM = ["e2fsprogs", "libblkid1", "libcom-err2", "libext2fs2", "libss2", "libuuid1"];

/** The QEMU of dom0, which HVM domUs need, and what it runs in them. */
const DEVICE_MODEL = ["qemu-system-xen", "qemu-system-data", "seabios"];

/** The folders in `usr/share` of what it runs in them. */
const FIRMWARE = ["qemu", "seabios"];

/** The libraries of the others. */
const LIBRARIES = [
  "libatomic1",
  "libc6",
  "libfdt1",
  "libgcc-s1",
  "liblzma5",
  "libstdc++6",
  "libuuid1",
  "libzstd1",
  "zlib1g",
];

/** The modules of the native machine's kernel for disks and a filesystem, beside those in `drivers/xen`. */
const DISK_MODULES = [
  "drivers/block/loop",
  "drivers/block/xen-blkback/xen-blkback",
  "drivers/block/xen-blkfront",
  "lib/crc16",
  "crypto/crc32c_generic",
  "fs/mbcache",
  "fs/jbd2/jbd2",
  "fs/ext4/ext4",
];

/**
 * Returns why this machine cannot run tests that need Debian's packages, in one sentence, or `undefined` if it can.
 *
 * @param programs What they need beside packages. The usual machine of the rig needs all.
 */
export async function whatIsMissing(programs: readonly string[] = PROGRAMS): Promise<string | undefined> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    return `an x86_64 Linux with glibc is needed: this Deno is built for ${Deno.build.target}`;
  }
  for (const tool of ["apt-get", "apt-cache", "dpkg"]) {
    if (!await onPath(tool)) {
      return `${tool} is needed: run this on Debian 12 or in a container of it`;
    }
  }
  for (const program of programs) {
    if (!await onPath(program) && Deno.uid() !== 0) {
      return `${program} is needed: install ${INSTALLED[program]!.join(" and ")}, or run this as root`;
    }
  }
}

/** Installs programs that the machine does not have: QEMU and gcc by default. */
export async function installTools(
  say: (text: string) => void,
  programs: readonly string[] = PROGRAMS,
): Promise<void> {
  const system = await Apt.open(USUAL, "");
  for (const program of programs) {
    if (await onPath(program)) continue;
    const names = INSTALLED[program]!;
    say(`installing ${names.join(" and ")}`);
    const install = () =>
      exec("apt-get", ["install", "--yes", "--no-install-recommends", ...names], {
        env: { DEBIAN_FRONTEND: "noninteractive" },
      });
    await exclusively("apt", () => system.withFreshLists(install));
  }
}

/**
 * Downloads and unpacks the packages of a machine into one tree below `cache`, once for each set of versions and modules.
 *
 * @returns The tree. Its `boot/xen.elf` and `boot/vmlinux` are ready to boot.
 */
export async function unpackPackages(
  cache: string,
  say: (text: string) => void,
  machine: Machine = USUAL,
): Promise<string> {
  return await exclusively("apt", () => unpack(cache, say, machine));
}

async function unpack(cache: string, say: (text: string) => void, machine: Machine): Promise<string> {
  const { suite, architecture } = machine;
  const origin = `${suite}-${architecture}`;
  const disks = isNative(machine) ? DISK_MODULES : [];
  // The tools that unpack a kernel must run here. After this, apt knows its own sources.
  const tools = isNative(machine) ? undefined : await unpack(cache, say, USUAL);
  const apt = await Apt.open(machine, `${cache}/apt/${origin}`);
  return await apt.withFreshLists(async () => {
    const versions = await candidates(apt, machine);
    const root = `${cache}/packages-${origin}-${await shortHash([...versions, ...disks].join("\n"))}`;
    if (await exists(root)) return root;
    say(`downloading ${versions.length} Debian packages of ${suite} for ${architecture}`);
    // Under another name at first, so that an interrupted run leaves nothing that looks complete.
    const unfinished = `${root}.unfinished`;
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    await Deno.mkdir(`${unfinished}/debs`, { recursive: true });
    await apt.download(versions, `${unfinished}/debs`);
    for await (const { name } of Deno.readDir(`${unfinished}/debs`)) {
      await exec("dpkg", ["-x", `${unfinished}/debs/${name}`, unfinished]);
    }
    await Deno.remove(`${unfinished}/debs`, { recursive: true });
    const boot = `${unfinished}/boot`;
    const modules = await moduleFolder(unfinished);
    const xz = `${tools ?? unfinished}/usr/bin/xz`;
    await unpackXen(await xenFile(unfinished), `${boot}/xen.elf`);
    await unpackLinux(await kernelFile(unfinished, modules), `${boot}/vmlinux`, xz);
    await keepOnlyWhatBoots(unfinished, modules, disks);
    await unpackModules(`${unfinished}/modules`, xz);
    await removeOlder(cache, origin);
    await Deno.rename(unfinished, root);
    return root;
  });
}

/** Returns the package's file of Xen. */
export function xenFile(packages: string): Promise<string> {
  return onlyMatch(`${packages}/boot`, /^xen-[\d.]+-(?:amd64\.gz|arm64)$/);
}

/** Returns the folder of the kernel's modules. Its name is the kernel's version. */
async function moduleFolder(root: string): Promise<string> {
  const folder = await exists(`${root}/lib/modules`) ? `${root}/lib/modules` : `${root}/usr/lib/modules`;
  return await onlyMatch(folder, /./);
}

/** Returns the kernel's file. Debian moved it, too. */
async function kernelFile(root: string, modules: string): Promise<string> {
  const file = `${modules}/vmlinuz`;
  return await exists(file) ? file : await onlyMatch(`${root}/boot`, /^vmlinuz-/);
}

/** Keeps the drivers that are needed, in `modules`. A kernel package has hundreds of megabytes of them. */
async function keepOnlyWhatBoots(root: string, kernel: string, disks: readonly string[]): Promise<void> {
  await Deno.rename(`${kernel}/kernel/drivers/xen`, `${root}/modules`);
  for (const name of disks) {
    await Deno.rename(`${kernel}/kernel/${name}.ko`, `${root}/modules/${name.split("/").at(-1)}.ko`);
  }
  // The version, for the reports.
  await Deno.writeTextFile(`${root}/boot/linux-version`, kernel.split("/").at(-1)!);
  await Deno.remove(kernel.replace(/\/[^/]+$/, ""), { recursive: true });
  for (const name of await namesIn(`${root}/usr/share`)) {
    if (!FIRMWARE.includes(name)) await Deno.remove(`${root}/usr/share/${name}`, { recursive: true });
  }
}

/** Another process may still use packages that are no older, in milliseconds. */
const IN_USE = 86_400_000;

/** Removes earlier versions of the packages. */
async function removeOlder(cache: string, origin: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (!name.startsWith(`packages-${origin}-`) || name.endsWith(".unfinished")) continue;
    const { mtime } = await Deno.stat(`${cache}/${name}`);
    if (Date.now() - mtime!.getTime() > IN_USE) {
      await Deno.remove(`${cache}/${name}`, { recursive: true });
    }
  }
}

/** Returns the packages as `name=version`, as apt-get takes them. */
async function candidates(apt: Apt, machine: Machine): Promise<string[]> {
  const meta = await apt.show([machine.kernel]);
  const kernel = /^Depends:.*?(linux-image-\d\S+)/m.exec(meta)?.[1];
  if (kernel === undefined) throw new Error(`${machine.kernel} names no kernel`);
  const names = [...kernelPackages(machine, kernel), ...unpackedFor(machine)];
  const shown = await apt.show(names);
  const found = [...shown.matchAll(/^Package: (\S+)$[^]*?^Version: (\S+)$/gm)]
    .map(([, name, version]) => `${name}=${version}`);
  const absent = names.filter((name) => !found.some((each) => each.startsWith(`${name}=`)));
  if (absent.length > 0) throw new Error(`apt knows no ${absent.join(", ")}`);
  return found.sort();
}

/** Returns the packages of a kernel. In the unstable suite, its image is a frame for two others. */
function kernelPackages({ suite }: Machine, image: string): string[] {
  if (suite !== "sid") return [image];
  return ["linux-binary", "linux-modules"].map((name) => image.replace("linux-image", name));
}

async function onPath(tool: string): Promise<boolean> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await exists(`${folder}/${tool}`)) return true;
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return new Uint8Array(digest).toHex().slice(0, 12);
}
