import { exec } from "../../scripts/exec.ts";
import { onlyMatch } from "./files.ts";
import { unpackLinux, unpackXen } from "./kernels.ts";

/** A meta package names the kernel's package, whose name changes with Debian's updates. */
const KERNEL = "linux-image-amd64";

/** Programs, and the packages that bring them. */
const INSTALLED = {
  "qemu-system-x86_64": ["qemu-system-x86"],
  gcc: ["gcc", "libc6-dev"],
} as const;
type Program = keyof typeof INSTALLED;
const PROGRAMS: readonly Program[] = ["qemu-system-x86_64", "gcc"];

/** Packages that are only unpacked, so that they do not touch the machine's own kernel or boot loader. */
const UNPACKED = [
  "busybox-static",
  "e2fsprogs",
  "libblkid1",
  "libcom-err2",
  "libext2fs2",
  "libss2",
  "libuuid1",
  "xz-utils",
  "xen-hypervisor-4.17-amd64",
  "xen-utils-4.17",
  "xen-utils-common",
  "xenstore-utils",
  "libxen-dev",
  "libxencall1",
  "libxendevicemodel1",
  "libxenevtchn1",
  "libxenforeignmemory1",
  "libxengnttab1",
  "libxenhypfs1",
  "libxenmisc4.17",
  "libxenstore4",
  "libxentoolcore1",
  "libxentoollog1",
  "libyajl2",
];

/** The kernel's modules for disks and a filesystem, beside those in `drivers/xen`. */
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
 * @param programs What they need beside packages. The rig needs all.
 */
export async function whatIsMissing(programs = PROGRAMS): Promise<string | undefined> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    return `an x86_64 Linux with glibc is needed: this Deno is built for ${Deno.build.target}`;
  }
  for (const tool of ["apt-get", "apt-cache", "dpkg", "ldd"]) {
    if (!await onPath(tool)) {
      return `${tool} is needed: run this on Debian 12 or in a container of it`;
    }
  }
  for (const program of programs) {
    if (!await onPath(program) && Deno.uid() !== 0) {
      return `${program} is needed: install ${INSTALLED[program].join(" and ")}, or run this as root`;
    }
  }
}

/** Installs programs that the machine does not have: QEMU and gcc by default. */
export async function installTools(say: (text: string) => void, programs = PROGRAMS): Promise<void> {
  for (const program of programs) {
    if (await onPath(program)) continue;
    const names = INSTALLED[program];
    say(`installing ${names.join(" and ")}`);
    const install = () =>
      exec("apt-get", ["install", "--yes", "--no-install-recommends", ...names], {
        env: { DEBIAN_FRONTEND: "noninteractive" },
      });
    await withFreshLists(install);
  }
}

/**
 * Downloads and unpacks the packages into one tree below `cache`, once for each set of versions and modules.
 *
 * @returns The tree. Its `boot/xen.elf` and `boot/vmlinux` are ready to boot.
 */
export async function unpackPackages(
  cache: string,
  say: (text: string) => void,
): Promise<string> {
  const fetchAll = async () => {
    const versions = await candidates();
    const root = `${cache}/packages-${await shortHash([...versions, ...DISK_MODULES].join("\n"))}`;
    if (await exists(root)) return root;
    say(`downloading ${versions.length} Debian packages`);
    // Under another name at first, so that an interrupted run leaves nothing that looks complete.
    const unfinished = `${root}.unfinished`;
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    await Deno.mkdir(`${unfinished}/debs`, { recursive: true });
    await exec("apt-get", ["download", ...versions], {
      cwd: `${unfinished}/debs`,
    });
    for await (const { name } of Deno.readDir(`${unfinished}/debs`)) {
      await exec("dpkg", ["-x", `${unfinished}/debs/${name}`, unfinished]);
    }
    await Deno.remove(`${unfinished}/debs`, { recursive: true });
    const boot = `${unfinished}/boot`;
    await unpackXen(await onlyMatch(boot, /^xen-.*\.gz$/), `${boot}/xen.elf`);
    await unpackLinux(
      await onlyMatch(boot, /^vmlinuz-/),
      `${boot}/vmlinux`,
      `${unfinished}/usr/bin/xz`,
    );
    await keepOnlyWhatBoots(unfinished);
    await removeOlder(cache);
    await Deno.rename(unfinished, root);
    return root;
  };
  return await withFreshLists(fetchAll);
}

/** Keeps the drivers that are needed, in `modules`. A kernel package has hundreds of megabytes of them. */
async function keepOnlyWhatBoots(root: string): Promise<void> {
  const kernel = await onlyMatch(`${root}/lib/modules`, /./);
  await Deno.rename(`${kernel}/kernel/drivers/xen`, `${root}/modules`);
  for (const name of DISK_MODULES) {
    await Deno.rename(`${kernel}/kernel/${name}.ko`, `${root}/modules/${name.split("/").at(-1)}.ko`);
  }
  await Deno.remove(`${root}/lib/modules`, { recursive: true });
  await Deno.remove(`${root}/usr/share`, { recursive: true });
}

/** Removes earlier versions of the packages. */
async function removeOlder(cache: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (/^packages-[0-9a-f]+$/.test(name)) {
      await Deno.remove(`${cache}/${name}`, { recursive: true });
    }
  }
}

/** Returns the packages as `name=version`, as apt-get takes them. */
async function candidates(): Promise<string[]> {
  const meta = await exec("apt-cache", ["show", "--no-all-versions", KERNEL]);
  const kernel = /^Depends: (linux-image-\S+)/m.exec(meta)?.[1];
  if (kernel === undefined) throw new Error(`${KERNEL} names no kernel`);
  const names = [kernel, ...UNPACKED];
  const shown = await exec("apt-cache", [
    "show",
    "--no-all-versions",
    ...names,
  ]);
  const found = [...shown.matchAll(/^Package: (\S+)$[^]*?^Version: (\S+)$/gm)]
    .map(([, name, version]) => `${name}=${version}`);
  const absent = names.filter((name) => !found.some((each) => each.startsWith(`${name}=`)));
  if (absent.length > 0) throw new Error(`apt knows no ${absent.join(", ")}`);
  return found.sort();
}

/**
 * Retries an action once, after an update of the package lists: they may be absent, as in a new container, or name
 * versions that Debian has replaced.
 */
async function withFreshLists<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (Deno.uid() !== 0) throw error;
    await exec("apt-get", ["update"]);
    return await action();
  }
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
