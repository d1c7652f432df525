/** Colours for a terminal, or none. Each means the same everywhere. */
export interface Palette {
  /** What one looks for. */
  strong(text: string): string;
  /** What helps to find the rest. */
  faint(text: string): string;
  /** All is well. */
  good(text: string): string;
  /** Worth a look. */
  warning(text: string): string;
  /** Wrong. */
  bad(text: string): string;
}

/** Returns the colours, or functions that change nothing. */
export function paletteOf(colours: boolean): Palette {
  const colour = (code: number) => (text: string) => colours && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { strong: colour(1), faint: colour(2), good: colour(32), warning: colour(33), bad: colour(31) };
}
