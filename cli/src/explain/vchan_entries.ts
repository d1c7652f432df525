import type { VchanErrorCode } from "@gntalloc/gntalloc/vchan";
import type { Entry } from "./entry.ts";

/** The errors of channels. */
export const VCHAN_ENTRIES: Readonly<Record<VchanErrorCode, Entry>> = {
  "closed": {
    means: "The connection or the server was closed on this side.",
    mend: ["Read what is left before you close: a vchan cannot be closed in one direction only."],
  },
  "peer-closed": {
    means:
      "The other side has closed the connection, or its program has ended. What it wrote before can still be read.",
    mend: ["Connect again, or `accept()` the next client."],
  },
  "peer-gone": {
    means: "The domain of the other side is gone.",
    mend: ["Find its new number if it was restarted, and connect again."],
  },
  "protocol": {
    means: "The other side broke the protocol, or what the keys name is no channel.",
    mend: [
      "Check that both sides use the same path, and that nothing else writes there: `gntalloc store ls -r PATH`.",
      "If the other side is a program in C, check that it uses libxenvchan.",
    ],
  },
  "replaced": {
    means: "Another server has published itself at the same path, or the keys were removed from XenStore.",
    mend: [
      "Run only one server at a path, and close this one.",
      "If nobody serves the path now, listen again: `gntalloc store ls -r PATH` shows what is there.",
    ],
  },
  "stale": {
    means: "What the keys name has ended: a server was killed, and left its keys in XenStore.",
    mend: ["Start the server again: it replaces the keys.", "Or remove them: `gntalloc store rm PATH`."],
  },
  "timed-out": {
    means: "Nobody came within the time that was given.",
    mend: [
      "See whether the server has published its keys: `gntalloc store ls -r /local/domain/SERVER/data/vchan`.",
      "Check the number of the other domain on both sides, and the name.",
      "The message says what was in the way, if keys were there.",
    ],
  },
  "failed": {
    means: "The system refused what the connection needs.",
    mend: ["Look at `cause` of the error: it is one of those above.", "Ask `gntalloc doctor`."],
  },
};
