import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkInteger, show } from "../contract/checks.ts";
import { readOptions } from "../contract/options.ts";

/** How a picture looks. */
export interface PictureOptions {
  /** The heading, which screen readers read first. The default says what is drawn. */
  title?: string | undefined;
  /**
   * The width in pixels, 320 to 8192. The layout depends on it: draw anew for a narrow screen instead of scaling down.
   *
   * @default {960}
   */
  width?: number | undefined;
  /**
   * The colours. `"auto"` follows the reader's preference, where a browser knows it.
   *
   * @default {"auto"}
   */
  theme?: "auto" | "light" | "dark" | undefined;
}

/** Options with their defaults. */
export interface CheckedPictureOptions {
  readonly title: string;
  readonly width: number;
  readonly theme: "auto" | "light" | "dark";
}

const THEMES = ["auto", "light", "dark"] as const;

/**
 * Reads the options of a picture.
 *
 * @param what The operation, for messages.
 * @param heading The title, if the caller gives none.
 */
export function checkPictureOptions(
  what: string,
  options: PictureOptions | undefined,
  heading: string,
): CheckedPictureOptions {
  const { title = heading, width = 960, theme = "auto" } = readOptions(what, options, ["title", "width", "theme"]);
  if (typeof title !== "string") {
    throw new ArgumentTypeError(`Cannot ${what} as \`title\` must be a string: current value is ${show(title)}`);
  }
  checkInteger(what, "`width`", width, 320, 8192);
  if (!THEMES.includes(theme)) {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`theme\` must be "auto", "light" or "dark": current value is ${show(theme)}`,
    );
  }
  return { title, width, theme };
}
