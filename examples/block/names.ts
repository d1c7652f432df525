/** The kind of a disk in XenStore. */
export const KIND = "vbd";
/** What it is for the backend's domain, so that the kernel there leaves it to the program that serves it. */
export const BACKEND_KIND = "udisk";

/** The major number of Linux's xvd disks. */
const XVD = 202;
/** Disks after the first sixteen, or partitions after the first fifteen, are numbered another way. */
const EXTENDED = 1 << 28;
/** The number has one byte for the partition. */
const MOST_PARTITIONS = 255;

/**
 * The number of a disk in XenStore, as the toolstack derives it from its name.
 *
 * @param name `xvda`, `xvdb1`, `xvdaa`, for example.
 * @throws {RangeError} if it is no such name.
 */
export function diskNumber(name: string): number {
  const [, letters, digits] = /^xvd([a-z]{1,2})(\d{1,3})?$/.exec(name) ?? [];
  if (letters === undefined) {
    throw new RangeError(`Cannot name a disk as the name must be like xvda or xvdb1: current value is ${name}`);
  }
  const disk = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 96, 0) - 1;
  const partition = Number(digits ?? 0);
  if (partition > MOST_PARTITIONS) {
    throw new RangeError(
      `Cannot name a disk as its partition must be at most ${MOST_PARTITIONS}: current value is ${partition}`,
    );
  }
  if (disk > 15 || partition > 15) return EXTENDED | disk << 8 | partition;
  return XVD << 8 | disk << 4 | partition;
}
