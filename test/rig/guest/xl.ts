/** Xen's toolstack, which starts and ends domains from dom0. */

import type { DomuType } from "../machines.ts";
import { machineHere } from "./machine.ts";

/** Memory for an initramfs with Deno in it, twice: packed and unpacked. */
const MEMORY_MIB = 1024;

/** What xl reads about domains of a type. PVH and HVM domains were not tried with other modes of their clock. */
const TYPES = {
  pv: { type: "pv" },
  pvh: { type: "pvh", tsc_mode: "native" },
  hvm: {
    type: "hvm",
    tsc_mode: "native",
    // These come byte by byte through the device model, so they are small. The rest is on a disk.
    kernel: "/xen/vmlinuz",
    ramdisk: "/xen/loader.cpio",
    // A name beyond the four that the firmware knows: the disk has no device but the one of xen-blkfront.
    disk: ["format=raw,vdev=xvde,access=rw,backendtype=qdisk,target=/xen/domu.cpio"],
    vga: "none",
    nographic: 1,
    vnc: 0,
  },
};

/** What xl reads about a domain. */
const CONFIG = {
  kernel: "/xen/vmlinux",
  ramdisk: "/xen/domu.cpio",
  // Level 5 shows warnings on the console, as in dom0.
  extra: "console=hvc0 loglevel=5",
  memory: MEMORY_MIB,
  vcpus: 1,
  // A dead domain is removed, so that its name can be used again.
  on_poweroff: "destroy",
  on_reboot: "destroy",
  on_crash: "destroy",
};

/** Settings of a domain, by the names of xl. */
export type Settings = Readonly<Record<string, string | number>>;

/**
 * Starts a domain from the kernel and initramfs in /xen. Returns its domid while it still boots.
 *
 * @param changes Settings of xl that replace the usual ones, or add to them.
 * @param type The type of the domain. Default is the one of the machine's domUs.
 */
export async function create(
  name: string,
  changes: Settings = {},
  type: DomuType = machineHere().domu,
): Promise<number> {
  const file = `/tmp/${name}.cfg`;
  const settings = Object.entries({ name, ...CONFIG, ...TYPES[type], ...changes });
  await Deno.writeTextFile(file, settings.map(([key, value]) => `${key}=${JSON.stringify(value)}\n`).join(""));
  await xl("create", "-q", file);
  return Number(await xl("domid", name));
}

/** Ends a domain at once, like a crash. Returns when the name is free again. */
export async function destroy(domain: string | number): Promise<void> {
  await xl("destroy", String(domain));
}

/** Keeps a domain from running while something is done. */
export async function paused<T>(domain: number, action: () => Promise<T>): Promise<T> {
  await xl("pause", String(domain));
  try {
    return await action();
  } finally {
    await xl("unpause", String(domain));
  }
}

/** Saves a domain into a file, and destroys it. */
export async function save(domain: string | number, file: string): Promise<void> {
  await xl("save", String(domain), file);
}

/** Saves a domain into a file, and lets it go on. */
export async function checkpoint(domain: string | number, file: string): Promise<void> {
  await xl("save", "-c", String(domain), file);
}

/** Restores the domain `name` from a file. Returns its new domid. */
export async function restore(name: string, file: string): Promise<number> {
  await xl("restore", file);
  return Number(await xl("domid", name));
}

/** Gives a domain a disk, whose backend is dom0's kernel on a block device. */
export async function attachDisk(domain: number, name: string, device: string, script: string): Promise<void> {
  const kind = "format=raw,access=rw,backendtype=phy";
  await xl("block-attach", String(domain), `${kind},vdev=${name},script=${script},target=${device}`);
}

/** Takes a disk from a domain, once both sides have ended. */
export async function detachDisk(domain: number, name: string): Promise<void> {
  await xl("block-detach", String(domain), name);
}

/** Lists the domains, dying ones included. */
export async function list(): Promise<
  { name: string; domid: number; state: string }[]
> {
  const lines = (await xl("list")).split("\n").slice(1);
  return lines.map((line) => {
    const [name = "", domid, , , state = ""] = line.split(/\s+/);
    return { name, domid: Number(domid), state };
  });
}

async function xl(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("xl", {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`xl ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  }
  return decoder.decode(stdout).trim();
}
