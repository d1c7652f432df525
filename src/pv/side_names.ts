/** The names of a side and of its device, for messages and paths. */
export interface SideNames {
  /** Whether it is a backend, whose state the toolstack writes, too, to remove the device. */
  readonly isBackend: boolean;
  /** The device: "vbd/51728". */
  readonly device: string;
  /** The folder of its own nodes, and that of the other side's. */
  readonly path: string;
  readonly peerPath: string;
  /** The node for what went wrong. */
  readonly errorPath: string;
  /** The other side: "the backend in domain 0". */
  readonly peer: string;
  /** What to do if the other side does nothing. */
  readonly wayOut: string;
}
