/** A program that shows something. */
export interface Lesson {
  /** Its name in addresses, which is that of its file. */
  readonly id: string;
  readonly title: string;
  /** What it shows, and what to try. */
  readonly about: string;
  readonly program: string;
  /** What the page shows of the machine at one moment. */
  readonly shows: readonly string[];
  /** The lines that it prints. */
  readonly prints: readonly string[];
}

/**
 * Reads a lesson: a comment with its title, an empty comment, what it shows, and the program. At the end come two
 * comments: what the page then shows, after `// Shows:`, and what the program prints, after `// Prints:`.
 *
 * @throws {Error} if a part is missing.
 */
export function readLesson(id: string, text: string): Lesson {
  const [, title, about, program, shows, prints] =
    /^\/\/ ([^\n]+)\n\/\/\n((?:\/\/ [^\n]+\n)+)\n(.*?\n)\n\/\/ Shows:\n((?:\/\/ [^\n]+\n)+)\n\/\/ Prints:\n((?:\/\/ [^\n]+\n)+)$/s
      .exec(text) ?? [];
  if (title === undefined) throw new Error(`Cannot read the lesson ${id}: see readLesson() for its parts`);
  return {
    id,
    title,
    // A line may end with a hyphen.
    about: uncommented(about!).join(" ").replaceAll(/(?<=\w-) (?=\w)/g, ""),
    program: program!,
    shows: uncommented(shows!),
    prints: uncommented(prints!),
  };
}

function uncommented(comment: string): string[] {
  return comment.trimEnd().split("\n").map((line) => line.slice(3));
}
