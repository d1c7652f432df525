import { type Entry, writeCpio } from "./cpio.ts";
import { exec } from "../../scripts/exec.ts";
import { fileEntries, namesIn, onlyMatch } from "./files.ts";
import { librariesOf } from "./libraries.ts";
import type { Machine } from "./machines.ts";
import type { NodeProject } from "./node_project.ts";

/**
 * What boots: dom0 alone, for the tests, for traces only, for Node or for a bench, or dom0 with a second domain, which
 * has Deno and the tests, or only a program in C, which is suspended.
 */
export type Rig =
  | "loopback"
  | "differential"
  | "node"
  | "litmus"
  | "bench"
  | "store-bench"
  | "domu"
  | "pvh"
  | "hvm"
  | "suspend"
  | "store"
  | "oxenstore"
  | "vchan"
  | "cli"
  | "disk"
  | "disk-bench";

/** The rigs whose domUs have Deno and the tests. */
const WITH_DENO_IN_DOMU: readonly Rig[] = [
  "domu",
  "pvh",
  "hvm",
  "store",
  "oxenstore",
  "vchan",
  "cli",
  "disk",
  "disk-bench",
];

/** The programs in C of domUs. That of `suspend` is all there is in the domU. */
export const DOMU_PROGRAMS: Partial<Record<Rig, string>> = { pvh: "own_grant", hvm: "own_grant", suspend: "suspend" };

/** The kernel modules of dom0. A domU loads those that it needs. */
const MODULES = [
  "xen-evtchn",
  "xen-privcmd",
  "xenfs/xenfs",
  "xen-gntdev",
  "xen-gntalloc",
];
/** The modules of disks and of a filesystem, in the order in which they are loaded, for the rigs that use disks. */
const DISK_MODULES = ["loop", "xen-blkback", "xen-blkfront", "crc16", "crc32c_generic", "mbcache", "jbd2", "ext4"];
const WITH_DISKS: readonly Rig[] = ["disk", "disk-bench"];
/** What makes and checks a filesystem. */
const FILESYSTEM_TOOLS = ["sbin/mkfs.ext4", "sbin/e2fsck"];
/** Tools for people in a shell. */
const STORE_TOOLS = ["xenstore-ls", "xenstore-read", "xenstore-watch", "xenstore-write"];
const TOOLSTACK = ["xl", "xenstored", "xenconsoled", "xen-init-dom0", "libxl-save-helper"];
/** Xen's own program that speaks vchan, in every domain of the rig `vchan`. */
const PROXY = "vchan-socket-proxy";
/** What Debian prefers to xenstored. */
const OXENSTORED = "oxenstored";

/** What HVM domUs need in dom0: a QEMU, and what it and xl put into them before Linux. */
const DEVICE_MODEL = "usr/libexec/xen-qemu-system-i386";
const FIRMWARE = [
  "usr/share/qemu/linuxboot.bin",
  "usr/share/qemu/kvmvapic.bin",
  // QEMU reads it even without a screen.
  "usr/share/qemu/keymaps/en-us",
  "usr/share/seabios/bios-256k.bin",
];

/** Where programs look for the folders below `usr`. */
const FOLDER_LINKS = ["bin", "sbin", "lib", "lib64"].map((name) => ({ path: name, link: `usr/${name}` }));

/** What tests in the guest may import. */
const SOURCES = [
  "mod.ts",
  "deno.json",
  "cli",
  "src",
  "backends",
  "wasm",
  "test",
  "bench",
  "scripts",
  "examples",
  "docs/two-domains.md",
];

/** Where the programs and files of an image come from. */
export interface Sources {
  machine: Machine;
  /** The tree of unpacked Debian packages. */
  packages: string;
  /** The tree of the packages whose programs run on this machine. */
  tools: string;
  /** Deno for the machine. */
  deno: string;
  /** This repository. */
  repository: string;
  /** The peer in C. */
  peer?: string;
  /** Node and the project that it runs, for the rigs that need them. */
  node?: NodeProject;
  /** The bench's program in C, for the rigs that run a bench in dom0. */
  benchProgram?: string;
  /** The program of {@linkcode DOMU_PROGRAMS}, compiled. */
  domuProgram?: string;
  /** What Deno keeps of programs that have run: see warm.ts. */
  kept?: readonly Entry[];
}

/** Builds what QEMU boots in `folder`: `xen.elf`, `vmlinux` and `initramfs.cpio`. */
export async function buildImages(
  rig: Rig,
  sources: Sources,
  folder: string,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const kernel of ["xen.elf", "vmlinux"]) {
    await Deno.remove(`${folder}/${kernel}`).catch(() => {});
    await Deno.symlink(
      `${sources.packages}/boot/${kernel}`,
      `${folder}/${kernel}`,
    );
  }
  const tools = await onlyMatch(`${sources.packages}/usr/lib`, /^xen-\d/);
  const toolFile = (path: string) => `${tools.slice(sources.packages.length + 1)}/${path}`;
  const toolPath = (tool: string) => toolFile(`bin/${tool}`);
  const common = await commonEntries(sources);
  if (rig === "vchan") common.push(...onlyNew(common, await programEntries(sources, [toolPath(PROXY)])));
  if (WITH_DISKS.includes(rig)) {
    common.push(
      ...DISK_MODULES.map((name) => moduleEntry(sources, name)),
      ...onlyNew(common, await programEntries(sources, FILESYSTEM_TOOLS)),
    );
  }
  const { benchProgram } = sources;
  if (benchProgram) {
    const path = `usr/bin/${benchProgram.split("/").at(-1)}`;
    common.push(
      { path, executable: true, from: benchProgram },
      ...onlyNew(common, await libraries(sources, [benchProgram])),
    );
  }
  const dom0 = [...common, init(sources, "dom0-init.sh")];
  const domu = await domuEntries(rig, sources, common);
  if (domu.length > 0 || rig === "store-bench") {
    await writeCpio(`${folder}/domu.cpio`, domu);
    const toolstack = await programEntries(sources, [
      ...STORE_TOOLS.map((tool) => `usr/bin/${tool}`),
      ...[...TOOLSTACK, ...(rig === "oxenstore" ? [OXENSTORED] : [])].map(toolPath),
    ]);
    dom0.push(
      ...onlyNew(dom0, toolstack),
      // xl saves and restores through this program, which it starts by the path of its package.
      { path: toolPath("libxl-save-helper"), link: "/usr/bin/libxl-save-helper" },
      ...(rig === "oxenstore"
        ? [{ path: "etc/xen/oxenstored.conf", from: `${sources.packages}/etc/xen/oxenstored.conf` }]
        : []),
      // dom0's share of the memory is fixed on Xen's command line.
      { path: "etc/xen/xl.conf", text: 'autoballoon="0"\n' },
      { path: "xen/vmlinux", from: `${sources.packages}/boot/vmlinux` },
      { path: "xen/domu.cpio", from: `${folder}/domu.cpio` },
    );
    if (sources.machine.domu === "hvm") {
      const firmware = [toolFile("boot/hvmloader"), ...FIRMWARE];
      dom0.push(...onlyNew(dom0, await hvmEntries(sources, firmware, `${folder}/loader.cpio`)));
    }
  }
  await writeCpio(`${folder}/initramfs.cpio`, dom0);
}

/** Returns what dom0 starts HVM domUs with. Writes the initramfs that unpacks the one of the others. */
async function hvmEntries(sources: Sources, firmware: readonly string[], loader: string): Promise<Entry[]> {
  const { packages } = sources;
  const entries = [...await systemEntries(sources), moduleEntry(sources, "xen-blkfront")];
  await writeCpio(loader, [...entries, init(sources, "loader-init.sh")]);
  return [
    ...await programEntries(sources, [DEVICE_MODEL]),
    // xl starts it by the path of its package.
    { path: DEVICE_MODEL, link: `/usr/bin/${DEVICE_MODEL.split("/").at(-1)}` },
    ...firmware.map((path) => ({ path, from: `${packages}/${path}` })),
    { path: "xen/vmlinuz", from: await onlyMatch(`${packages}/boot`, /^vmlinuz-/) },
    { path: "xen/loader.cpio", from: loader },
  ];
}

async function domuEntries(rig: Rig, sources: Sources, common: Entry[]): Promise<Entry[]> {
  const name = DOMU_PROGRAMS[rig];
  const program = name === undefined ? [] : [{ path: `usr/bin/${name}`, executable: true, from: sources.domuProgram! }];
  if (WITH_DENO_IN_DOMU.includes(rig)) return [...common, ...program, init(sources, "domu-init.sh")];
  if (name === undefined) return [];
  return [...await systemEntries(sources), ...program, init(sources, `${name}-init.sh`)];
}

/** Returns busybox and the kernel's modules. */
async function systemEntries(sources: Sources): Promise<Entry[]> {
  const { packages, tools } = sources;
  // Debian 13 has no `bin` beside `usr/bin`.
  const folder = await onlyMatch(packages, /^bin$/).catch(() => `${packages}/usr/bin`);
  const busybox = `${folder}/busybox`;
  const applets = (await exec(`${tools}/bin/busybox`, ["--list"])).trim().split("\n");
  return [
    ...FOLDER_LINKS,
    { path: "usr/bin/busybox", executable: true, from: busybox },
    ...applets.filter((name) => name !== "busybox").map((name) => ({
      path: `usr/bin/${name}`,
      link: "busybox",
    })),
    ...MODULES.map((name) => moduleEntry(sources, name)),
  ];
}

function moduleEntry({ packages }: Sources, name: string): Entry {
  return { path: `modules/${name.split("/").at(-1)}.ko`, from: `${packages}/modules/${name}.ko` };
}

async function commonEntries(sources: Sources): Promise<Entry[]> {
  const { deno, repository, peer, kept = [] } = sources;
  const { nodes = {}, project } = sources.node ?? {};
  return [
    ...(await systemEntries(sources)),
    { path: "usr/bin/deno", executable: true, from: deno },
    ...(peer ? [{ path: "usr/bin/c-peer", executable: true, from: peer }] : []),
    ...Object.entries(nodes).map(([name, from]) => ({ path: `usr/bin/${name}`, executable: true, from })),
    ...(await libraries(sources, [deno, ...(peer ? [peer] : []), ...Object.values(nodes)])),
    ...(project === undefined ? [] : await fileEntries(project, "node", await namesIn(project))),
    ...(await fileEntries(repository, "repo", SOURCES)),
    ...kept,
  ];
}

/** Returns what it takes to run the programs of this repository with Deno. */
export async function denoEntries(
  sources: Pick<Sources, "machine" | "packages" | "deno" | "repository">,
): Promise<Entry[]> {
  const { deno, repository } = sources;
  return [
    ...FOLDER_LINKS,
    { path: "usr/bin/deno", executable: true, from: deno },
    ...(await libraries(sources, [deno])),
    ...(await fileEntries(repository, "repo", SOURCES)),
  ];
}

function init(sources: Sources, name: string): Entry {
  return {
    path: "init",
    executable: true,
    from: `${sources.repository}/test/rig/guest/${name}`,
  };
}

/** Programs of the unpacked packages, in /usr/bin, with the libraries they need. */
async function programEntries(
  sources: Sources,
  paths: string[],
): Promise<Entry[]> {
  const files = paths.map((path) => `${sources.packages}/${path}`);
  return [
    ...files.map((from) => ({
      path: `usr/bin/${from.split("/").at(-1)}`,
      executable: true,
      from,
    })),
    ...(await libraries(sources, files)),
  ];
}

/** Returns the libraries of programs, and what loads them. */
async function libraries(
  { machine, packages }: Pick<Sources, "machine" | "packages">,
  programs: string[],
): Promise<Entry[]> {
  return (await librariesOf(machine, packages, programs)).map((library) => ({ ...library, executable: true }));
}

/**
 * Returns the entries whose paths are new. Busybox and the tools have names in common, and programs share libraries.
 */
function onlyNew(present: Entry[], more: Entry[]): Entry[] {
  const paths = new Set(present.map((entry) => entry.path));
  return more.filter((entry) => !paths.has(entry.path));
}
