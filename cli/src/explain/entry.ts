/** What one error means, and what to do. In Markdown. */
export interface Entry {
  /** What happened, in a sentence or two. */
  readonly means: string;
  /** What to look at and to do, the most likely first. */
  readonly mend: readonly string[];
}
