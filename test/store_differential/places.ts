/**
 * Where in XenStore the sequences are at work, in the notation of template.ts.
 *
 * @module
 */

/** A node that is written after each step, and that every participant watches: its event comes after all others. */
export const MARKER = "/gntalloc-marker";

/** The folders that a sequence may change: of nobody in particular, of domain 0, and of the other domain. */
export const PLACES = ["/gntalloc", "/local/domain/0/gntalloc", "/local/domain/{domu}/data/gntalloc"] as const;

/** What is removed after a sequence, beside the places: the home of a domain that does not exist. */
export const STRAY = "/local/domain/99";
