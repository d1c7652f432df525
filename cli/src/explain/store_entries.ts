import type { StoreErrorCode } from "@gntalloc/gntalloc/xenstore";
import type { Entry } from "./entry.ts";

/** The errors of XenStore. */
export const STORE_ENTRIES: Readonly<Record<StoreErrorCode, Entry>> = {
  "not-found": {
    means: "There is no such node.",
    mend: [
      "List what is there: `gntalloc store ls -r PATH`.",
      "Paths without a slash in front begin at the home of this domain: `/local/domain/` and its number.",
      "If the other side writes it later, wait for it: `waitFor()`.",
    ],
  },
  "denied": {
    means:
      "This domain may not do that to this node. The daemon says the same of a node of another domain that is not there yet.",
    mend: [
      "See the rights: `gntalloc store perms PATH`, as root in dom0.",
      "The owner must let this domain read: `gntalloc store perms PATH OWNER:none READER:read`.",
      "A domU writes only below its own `data`. The daemon ignores rights of domains that do not exist yet.",
    ],
  },
  "exists": { means: "The node or the watch is there already.", mend: ["Use what is there, or remove it first."] },
  "conflict": {
    means: "A transaction conflicted with other changes, as often as it was tried.",
    mend: [
      "Make it smaller: read and write few nodes in it.",
      "See who else writes there: `gntalloc store watch PATH`.",
    ],
  },
  "quota": {
    means: "A quota of this domain is reached: nodes, bytes of a node, watches, or transactions.",
    mend: [
      "Remove nodes, close watches, end transactions.",
      "A value has at most 2048 bytes, unless the daemon was started otherwise. Share larger data in pages.",
      "In dom0, the options of the daemon raise the quotas: `xenstored --help`.",
    ],
  },
  "invalid": {
    means: "The daemon calls the request invalid.",
    mend: ["Paths have letters, digits and `-/_@`, at most 3072 bytes, and no slash at the end."],
  },
  "malformed": {
    means: "The value of the node is not the text or the number as which it was to be read.",
    mend: ["See what it is: `gntalloc store read --raw PATH | od -c`."],
  },
  "unsupported": {
    means: "This daemon or this transport cannot do it.",
    mend: [
      "In dom0, use the socket of the daemon instead of the device.",
      "oxenstored and xenstored differ: docs/xenstore.md says how.",
    ],
  },
  "timed-out": {
    means: "The daemon, or the other side for which you wait, has not answered in time.",
    mend: [
      "See whether the other side runs, and what it has published: `gntalloc store ls -r /local/domain/OTHER/data`.",
      "If not even `gntalloc store read domid` answers, the daemon hangs: look at it in dom0.",
      "Raise `timeout`.",
    ],
  },
  "disconnected": {
    means: "The connection is lost, or the daemon sent something other than a XenStore message.",
    mend: [
      "Open another `XenStore`: watches must be set again.",
      "In dom0, see whether the daemon runs: `pgrep -a xenstored`.",
    ],
  },
  "closed": {
    means: "The handle was closed, or on the mock its domain was destroyed or its program killed.",
    mend: ["Look for a `using` whose block has ended while a request was under way."],
  },
  "permission": {
    means: "The process may not use the device or the socket or, in Deno, may not use FFI.",
    mend: [
      "In Deno, run with `--allow-ffi`, without a path.",
      "Run as root, or give a group access: `chgrp xen /dev/xen/xenbus` and `chmod g+rw /dev/xen/xenbus`.",
    ],
  },
  "no-device": {
    means: "This is not a domain of Xen, or no daemon runs.",
    mend: [
      "Ask `gntalloc doctor`: it says which, and how to mend it.",
      "In dom0, start the daemon: `systemctl start xenstored`.",
      "Without Xen, use the mock: `--mock` here, and `MockXen` in a program.",
    ],
  },
  "refused": {
    means: "The daemon refused for a reason that has no code of its own.",
    mend: ["Look at `reason` of the error: it is the daemon's own name for it."],
  },
};
