/** Unpacks the kernels of the packages, so that they boot quickly. */

import { zstdDecompressSync } from "node:zlib";
import { exec } from "../../scripts/exec.ts";

/** Makes `xen.elf` of Debian's Xen. QEMU's -kernel takes a multiboot ELF only if it is not compressed. */
export async function unpackXen(packed: string, elf: string): Promise<void> {
  const file = await Deno.open(packed);
  const { readable } = file;
  await Deno.writeFile(elf, packed.endsWith(".gz") ? readable.pipeThrough(new DecompressionStream("gzip")) : readable);
}

/** The first bytes of a kernel for x86: see {@linkcode unpackLinux}. */
const X86_MAGIC = { offset: 0x202, text: "HdrS" };
/** The first four bytes of a payload. */
const ZSTD_MAGIC = 0xfd2fb528;

/**
 * Makes `vmlinux` of Debian's vmlinuz. One for aarch64 is not packed, and stays as it is.
 *
 * Xen and xl can unpack it, but under emulation that takes several seconds at each boot.
 *
 * Linux's Documentation/x86/boot.rst describes the layout: the number of setup sectors of 512 bytes, and the offset and
 * the length of the payload in the part after them. The last four bytes of the payload are its uncompressed size.
 */
export async function unpackLinux(
  vmlinuz: string,
  vmlinux: string,
  xz: string,
): Promise<void> {
  const image = await Deno.readFile(vmlinuz);
  const { offset, text } = X86_MAGIC;
  if (new TextDecoder().decode(image.subarray(offset, offset + text.length)) !== text) {
    await Deno.writeFile(vmlinux, image);
    return;
  }
  const view = new DataView(image.buffer);
  const protectedMode = (view.getUint8(0x1f1) + 1) * 512;
  const start = protectedMode + view.getUint32(0x248, true);
  const end = start + view.getUint32(0x24c, true) - 4;
  const payload = image.subarray(start, end);
  if (view.getUint32(start, true) === ZSTD_MAGIC) {
    await Deno.writeFile(vmlinux, zstdDecompressSync(payload));
    return;
  }
  await Deno.writeFile(`${vmlinux}.xz`, payload);
  await exec(xz, ["--decompress", "--force", `${vmlinux}.xz`]);
}

/** Unpacks the modules of a folder that are packed: busybox's insmod takes none of those. */
export async function unpackModules(folder: string, xz: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await unpackModules(path, xz);
    else if (name.endsWith(".ko.xz")) await exec(xz, ["--decompress", "--force", path]);
  }
}
