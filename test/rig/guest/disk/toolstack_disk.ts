/** Disks that the toolstack gives to a domain, as administrators have it do: dom0's kernel serves them. */

import * as xl from "../xl.ts";
import type { LoopFile } from "./kernel_disk.ts";

/** In place of Debian's script for block devices, which needs bash: tells the backend its device. */
const SCRIPT = `#!/bin/sh
[ "$1" = add ] || exit 0
params=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/node" "$params" "$XENBUS_PATH/physical-device" "7:\${params#/dev/loop}" \\
  "$XENBUS_PATH/hotplug-status" connected
`;

/** Gives a domain a disk on a loop device. */
export async function attachLoop(domid: number, name: string, loop: LoopFile): Promise<void> {
  await Deno.mkdir("/etc/xen/scripts", { recursive: true });
  await Deno.writeTextFile("/etc/xen/scripts/block-loop", SCRIPT, { mode: 0o755 });
  await xl.attachDisk(domid, name, loop.device, "block-loop");
}
