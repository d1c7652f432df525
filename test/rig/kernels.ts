/** Unpacks the kernels of the packages, so that they boot quickly. */

import { exec } from "../../scripts/exec.ts";

/** Makes `xen.elf` of Debian's xen-*.gz. QEMU's -kernel takes a multiboot ELF only if it is not compressed. */
export async function unpackXen(gz: string, elf: string): Promise<void> {
  const file = await Deno.open(gz);
  await Deno.writeFile(
    elf,
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  );
}

/**
 * Makes `vmlinux` of Debian's vmlinuz.
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
  const view = new DataView(image.buffer);
  const protectedMode = (view.getUint8(0x1f1) + 1) * 512;
  const start = protectedMode + view.getUint32(0x248, true);
  const end = start + view.getUint32(0x24c, true) - 4;
  const payload = `${vmlinux}.xz`;
  await Deno.writeFile(payload, image.subarray(start, end));
  await exec(xz, ["--decompress", "--force", payload]);
}
