import type { GrantErrorCode } from "@gntalloc/gntalloc";
import type { Entry } from "./entry.ts";

/** The errors of sharing, mapping, copying and event channels. */
export const GRANT_ENTRIES: Readonly<Record<GrantErrorCode, Entry>> = {
  "limit-reached": {
    means: "The limit that this program has set on its own device is reached: `limit` of `GrantDevice`.",
    mend: [
      "Free pages. `device.inspect()` counts them; with `trackAllocations: true` it lists who holds them since when.",
      "Raise `device.limit`.",
    ],
  },
  "kernel-limit-reached": {
    means: "All programs of the domain together hold as many pages as the driver allows: 1024, unless it was changed.",
    mend: [
      "See the limit: `cat /sys/module/xen_gntalloc/parameters/limit`.",
      "Raise it now: `echo 8192 > /sys/module/xen_gntalloc/parameters/limit`.",
      "Raise it for good: put `options xen_gntalloc limit=8192` into `/etc/modprobe.d/gntalloc.conf`.",
      "Pages that are mapped in a program count until they are unmapped, also if they were freed.",
    ],
  },
  "table-full": {
    means: "The grant table of the domain has no free reference. Disks and network cards of the domain use it, too.",
    mend: [
      "Free pages, or share fewer at once.",
      "Give the domain a larger table: `max_grant_frames` in its configuration for xl. A frame has 512 references.",
      "A peer that keeps pages mapped keeps their references: agree on who lets go.",
    ],
  },
  "no-space": {
    means: "The kernel has refused for lack of room, and does not say whether its limit or the grant table is full.",
    mend: ["Do what helps against `grant:kernel-limit-reached`, then what helps against `grant:table-full`."],
  },
  "no-memory": {
    means: "There is no memory for the pages, or for the books of this library.",
    mend: [
      "Free memory of the domain (`free -m`), or give it more: `xl mem-set` in dom0.",
      "Share fewer pages at once.",
    ],
  },
  "not-found": {
    means: "The pages were never allocated by this allocator, or were freed already.",
    mend: [
      "Look for a second `free()` of the same pages.",
      "The pages of an allocator are freed when it is closed. Close it last.",
    ],
  },
  "closed": {
    means: "The handle was closed, or on the mock its domain was destroyed or its program killed.",
    mend: [
      "Look for a `using` whose block has ended while something still uses the handle.",
      "A mapping outlives its allocator; everything else ends with it.",
    ],
  },
  "busy": {
    means: "A backend called back into the library in the middle of an operation.",
    mend: [
      "In a backend of your own, do so in a later turn: `queueMicrotask(…)`.",
      "Otherwise, this is a fault: report it.",
    ],
  },
  "map-refused": {
    means: "Xen refused to map a page: its reference is unknown, granted to another domain, or not for writing.",
    mend: [
      "Check the number of the granter. It changes when its domain is restarted, saved and restored, or migrated.",
      "Check that it grants to this domain, and for writing if you map for writing.",
      "The granter may have freed the page since it told the reference: agree on who lets go first.",
      "For many pages at once: `cat /sys/module/xen_gntdev/parameters/limit` bounds one mapping, and " +
      "`max_maptrack_frames` in the configuration of the domain bounds all.",
    ],
  },
  "own-grant": {
    means:
      "The domain has granted the page itself. Mapping it as a peer would crash the kernel of a PVH or HVM domain on x86.",
    mend: [
      "Map own pages with `map()` of the shared pages, or use `share()`.",
      "To try both sides in one domain, use the mock or a PV domain.",
    ],
  },
  "copy-refused": {
    means: "The system refused a whole request to copy. How much was copied is unknown.",
    mend: ["Copy again, in smaller pieces.", "Check that the device is still open and the domain still there."],
  },
  "notify-refused": {
    means: "The unmap notify names a port that is not bound in this process, or a byte of a read-only mapping.",
    mend: ["Bind the port first, and keep it bound.", "To clear a byte, map the pages for writing."],
  },
  "port-refused": {
    means: "A port is unknown, not for this domain, bound already or not bound; or the domain has no port left.",
    mend: [
      "A remote port can be bound once, and only by the domain for which it was made.",
      "Check the number of the other domain: it changes when that is restarted.",
      "Give the domain more ports: `max_event_channels` in its configuration.",
    ],
  },
  "events-lost": {
    means: "The kernel had no room for more events, and dropped some.",
    mend: [
      "Call `reset()` of the `EventChannels`, then look at all shared memory, as if an event had arrived on each port.",
    ],
  },
  "permission": {
    means: "The process may not use the device or, in Deno, may not use FFI.",
    mend: [
      "In Deno, run with `--allow-ffi`, without a path.",
      "Run as root, or give a group access: `chgrp xen /dev/xen/*` and `chmod g+rw /dev/xen/*`.",
      'For good, with udev: `KERNEL=="xen/*", GROUP="xen", MODE="0660"` in `/etc/udev/rules.d/70-xen.rules`.',
      "In a container, pass the devices in and allow them: `--device /dev/xen/gntalloc`.",
    ],
  },
  "no-device": {
    means: "This is not a domain of Xen, or the driver is not loaded.",
    mend: [
      "Ask `gntalloc doctor`: it says which, and how to mend it.",
      "Load the drivers: `modprobe -a xen_gntalloc xen_gntdev xen_evtchn`.",
      "Load them at each start: put their names into `/etc/modules-load.d/xen.conf`.",
      "Without Xen, use the mock: `--mock` here, and `MockXen` in a program.",
    ],
  },
  "unsupported": {
    means: "This backend or platform cannot do it.",
    mend: [
      "On aarch64, boot a kernel with pages of 4 KiB: `getconf PAGESIZE` must say 4096.",
      "On Node, install koffi: `npm install koffi`.",
      "On the mock, pages that are not neighbours have several `parts`: use `read()`, `readInto()` or `parts`.",
    ],
  },
  "backend-failed": {
    means: "The backend failed in a way that has no code of its own.",
    mend: [
      "Look at `errno` and `cause` of the error, and at the log of the kernel: `dmesg | tail`.",
      "Too many open files: close some, or raise `ulimit -n`.",
    ],
  },
};
