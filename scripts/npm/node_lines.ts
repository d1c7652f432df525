/** The tested release lines of Node. npm has its binaries, so that none must be installed on this machine. */
export const NODES = ["22", "24", "26"] as const;

/** A release line of Node. */
export type NodeLine = typeof NODES[number];
