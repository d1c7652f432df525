/** The highest number of a domain. */
export const MAX_DOMID = 0x7fef;

/** Whether a value is the number of a domain. */
export function isDomid(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_DOMID;
}
