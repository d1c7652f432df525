/**
 * The bounds that Xen's interface sets. Source: Xen's public headers, `xen.h`, `grant_table.h` and `event_channel.h`.
 *
 * @module
 */

/** Bytes in a page: what a grant reference shares. */
export const PAGE_SIZE = 4096;

/** The highest domid of a real domain; those above are reserved (`DOMID_FIRST_RESERVED`). */
export const MAX_DOMID = 0x7fef;

/** Grant references and counts of pages are 32 bits wide. */
export const MAX_UINT32 = 0xffff_ffff;

/** Ports of event channels are below 2¹⁷ with the FIFO ABI, and below 2¹² with the two-level ABI. */
export const MAX_PORT = 0x1_ffff;

/** The highest number of a virtual interrupt (`NR_VIRQS` is 24). */
export const MAX_VIRQ = 23;

/**
 * The most pages in one mapping, 256 GiB: engines end a program whose arrays grow much larger. Linux's `gntdev` allows
 * 65,536 by default, and refuses more by itself.
 */
export const MAX_MAPPED_PAGES = 2 ** 26;
