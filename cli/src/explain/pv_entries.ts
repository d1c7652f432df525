import type { PvErrorCode } from "@gntalloc/gntalloc/pv";
import type { Entry } from "./entry.ts";

/** The errors of frontends and backends. */
export const PV_ENTRIES: Readonly<Record<PvErrorCode, Entry>> = {
  "closed": {
    means: "The device or the pool was closed on this side.",
    mend: ["Open another one, and keep it open as long as requests are under way."],
  },
  "closing": {
    means: "The other side ends the connection, or has never begun one.",
    mend: [
      "End this side, too, and start again when the other side is ready.",
      "Look at both states: `gntalloc store ls -r PATH` of the frontend and of the backend.",
    ],
  },
  "gone": {
    means: "The device is not there any more: the toolstack has removed it, or a domain has ended.",
    mend: ["Wait until the toolstack adds it again, as by `xl block-attach`, and start anew."],
  },
  "no-device": {
    means: "There is no such device in XenStore.",
    mend: [
      "See which there are: `gntalloc store ls -r device` in the domain of the frontend.",
      "Have the toolstack add it, as by `xl block-attach`.",
    ],
  },
  "protocol": {
    means: "The other side broke the protocol of the device or of its ring.",
    mend: ["Do not trust what it has sent. The message says what was wrong; start again if you trust that domain."],
  },
  "taken": {
    means: "Another program, or a driver of the kernel, drives the device.",
    mend: [
      "Unbind the kernel's driver first, as by `echo vbd-51728 > /sys/bus/xen/drivers/vbd/unbind`.",
      "Let only one program drive a device.",
    ],
  },
  "timed-out": {
    means: "The other side has not done its part within the time that was given.",
    mend: [
      "See whether its driver is loaded and its program runs.",
      "Look at both states, and at the `error` node: `gntalloc store ls -r PATH`.",
    ],
  },
};
