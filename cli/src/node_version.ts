/** The oldest Node that runs this program: that of commander. */
export const OLDEST_NODE = "22.12";

/** Whether a version of Node is too old. */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = OLDEST_NODE.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
