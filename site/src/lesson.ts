/** A program that shows something. */
export interface Lesson {
  /** Its name in addresses, which is that of its file. */
  readonly id: string;
  readonly title: string;
  /** What it shows, and what to try. */
  readonly about: string;
  readonly program: string;
  /** The lines that it prints. */
  readonly prints: readonly string[];
}

/**
 * Reads a lesson: a comment with its title, an empty comment, what it shows, and the program. At the end come the lines
 * that the program prints, in a comment that begins with `// Prints:`.
 *
 * @throws {Error} if a part is missing.
 */
export function readLesson(id: string, text: string): Lesson {
  const [, title, about, body, prints] =
    /^\/\/ ([^\n]+)\n\/\/\n((?:\/\/ [^\n]+\n)+)\n(.*?\n)\n\/\/ Prints:\n((?:\/\/ [^\n]+\n)+)$/s.exec(text) ?? [];
  if (title === undefined) throw new Error(`Cannot read the lesson ${id}: see readLesson() for its parts`);
  return {
    id,
    title,
    about: uncommented(about!).join(" "),
    program: body!,
    prints: uncommented(prints!).map((line) => line.trim()),
  };
}

function uncommented(comment: string): string[] {
  return comment.trimEnd().split("\n").map((line) => line.slice(3));
}
