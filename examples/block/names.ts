/** The kind of a disk in XenStore. */
export const KIND = "vbd";

/** The major number of Linux's xvd disks. */
const XVD = 202;
/** Disks after the first sixteen, or partitions after the first fifteen, are numbered another way. */
const EXTENDED = 1 << 28;

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
  if (disk > 15 || partition > 15) return EXTENDED | disk << 8 | partition;
  return XVD << 8 | disk << 4 | partition;
}
