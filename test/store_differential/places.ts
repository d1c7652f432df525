/**
 * Where in XenStore the sequences are at work, in the notation of template.ts.
 *
 * @module
 */

/** A node that is written after each step, and that every participant watches: its event comes after all others. */
export const MARKER = "/gntalloc-marker";

/** The folders that a sequence may change: of nobody in particular, of domain 0, and of the other domain. */
export const PLACES = ["/gntalloc", "/local/domain/0/gntalloc", "/local/domain/{domu}/data/gntalloc"] as const;

/** The domid of the third domain, which is born and dies during a sequence. */
export const THIRD = 77;

/** The folder that the third domain makes in its home. */
export const THIRD_PLACE = `/local/domain/${THIRD}/data/gntalloc`;

/** What is removed after a sequence, beside the places: the homes of domains that do not exist. */
export const STRAYS = ["/local/domain/99", `/local/domain/${THIRD}`] as const;
