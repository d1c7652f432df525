import type { Watched } from "../../report.ts";

/** What the drivers of disks and filesystems say, in dom0 and in domUs. The consoles show warnings and worse. */
export const KERNEL_LINES: Watched = {
  complaint: /\[ *\d+\.\d+\].*(?:\bxen[-_]blk(?:back|front)\b|\bvbd\b|\bxvd[a-z]|\bloop\d|I\/O error|EXT4-fs)/,
  // What frontends that lie make Linux's backend say, with `feature-persistent` 1 and 0.
  expected: [
    { pattern: /xen-blkback: access denied: DISCARD \[/, times: 2 * 3 },
    { pattern: /xen-blkback: Frontend provided bogus ring requests/, times: 3 },
    // One page in all 32 requests of a ring. How many are under way at once is up to the machine.
    { pattern: /xen-blkback: requesting a grant already in use/, times: [0, 31] },
    { pattern: /xen-blkback: trying to add a gref that's already in the tree/, times: [0, 31] },
    { pattern: /(?:get|add)_persistent_gnt: \d+ callbacks suppressed/, times: [0, 2] },
  ],
};
