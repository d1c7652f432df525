import { escape } from "./shell.ts";

/** A line of a diagram, from a column to another one. */
interface Message {
  readonly from: number;
  readonly to: number;
  readonly isDashed: boolean;
  readonly words: readonly string[];
}

/** What is drawn, from top to bottom. */
type Step =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "note"; readonly at: number; readonly words: readonly string[] }
  | { readonly type: "begin" | "else"; readonly words: readonly string[] }
  | { readonly type: "end" };

interface Diagram {
  /** The lines over each column. */
  readonly heads: readonly (readonly string[])[];
  readonly steps: readonly Step[];
}

/** Sizes in pixels: those of letters are of the sheet of styles. */
const [COLUMN, HEIGHT, LEADING, CHARACTER] = [170, 14, 16, 7.3];
/** How many characters fit beside a column, between two columns, and in a box on a column. */
const [BESIDE, BETWEEN, IN_BOX] = [34, Math.floor(COLUMN / CHARACTER), Math.floor((COLUMN - 16) / CHARACTER)];

/**
 * Draws a sequence diagram of Mermaid as a picture that needs no script. Its text follows, for those who do not see it.
 *
 * @param source The diagram.
 * @param name What the place is called in which the picture scrolls.
 * @throws {Error} if the diagram has a line of a kind that no document here uses, is not closed where it must be, or
 * does not fit.
 */
export function sequencePicture(source: string, name: string): string {
  const { heads, steps } = read(source);
  const xOf = (column: number) => COLUMN / 2 + 20 + column * COLUMN;
  const last = heads.length - 1;
  const width = xOf(last) + COLUMN / 2 + Math.max(20, ...steps.map((step) => overhang(step, last)));
  const shapes: string[] = [];
  const write = (words: readonly string[], x: number, y: number, className: string) =>
    words.forEach((line, index) =>
      shapes.push(`<text class="${className}" x="${x}" y="${y + index * LEADING}">${escape(line)}</text>`)
    );
  const headHeight = 16 + LEADING * Math.max(...heads.map((lines) => lines.length));
  heads.forEach((lines, column) => {
    const x = xOf(column);
    shapes.push(
      `<rect class="head" x="${x - COLUMN / 2 + 6}" y="4" width="${COLUMN - 12}" height="${headHeight}" rx="6"/>`,
    );
    write(lines, x, 9 + (headHeight - (lines.length - 1) * LEADING) / 2, "over");
  });
  let y = headHeight + 8;
  const frames: number[] = [];
  for (const step of steps) {
    const depth = 4 + frames.length * 6;
    switch (step.type) {
      case "message": {
        const { from, to, isDashed, words } = step.message;
        const [start, end] = [xOf(from), xOf(to)];
        const line = `class="line${isDashed ? " dashed" : ""}"`;
        y += HEIGHT + LEADING;
        if (from === to) {
          write(words, start + 34, y, "beside");
          const bottom = y + Math.max(10, (words.length - 1) * LEADING);
          shapes.push(`<path ${line} d="M${start} ${y - 8}h26v${bottom - y + 8}h-20"/>`, head(start, bottom, -1));
          y = bottom;
        } else {
          write(words, (start + end) / 2, y, "over");
          y += (words.length - 1) * LEADING + 8;
          const direction = Math.sign(end - start);
          shapes.push(`<path ${line} d="M${start} ${y}H${end - 6 * direction}"/>`, head(end, y, direction));
        }
        break;
      }
      case "note": {
        const lines = step.words.length;
        y += HEIGHT;
        shapes.push(
          `<rect class="note" x="${xOf(step.at) - COLUMN / 2 + 8}" y="${y}" width="${COLUMN - 16}" height="${
            lines * LEADING + 8
          }"/>`,
        );
        write(step.words, xOf(step.at), y + LEADING, "over");
        y += lines * LEADING + 4;
        break;
      }
      case "begin":
        y += HEIGHT + 4;
        frames.push(y);
        write(step.words, depth + 8, y + LEADING, "part");
        y += LEADING;
        break;
      case "else":
        y += HEIGHT;
        shapes.push(`<path class="frame dashed" d="M${depth - 6} ${y}H${width - depth + 6}"/>`);
        write(step.words, depth + 2, y + LEADING, "part");
        y += LEADING;
        break;
      case "end": {
        const top = frames.pop()!;
        y += HEIGHT;
        shapes.push(
          `<rect class="frame" x="${depth - 6}" y="${top}" width="${width - 2 * depth + 12}" height="${y - top}"/>`,
        );
      }
    }
  }
  const height = y + 24;
  const lives = heads.map((_, column) => `<path class="life" d="M${xOf(column)} ${4 + headHeight}V${height - 6}"/>`);
  const participants = heads.map((lines) => lines.join(" ")).join(", ");
  return `<figure class="sequence"><div class="scroll" tabindex="0" role="group" aria-label="${escape(name)}">` +
    `<svg role="img" aria-label="${escape(`Sequence diagram of ${participants}`)}" width="${width}" ` +
    `height="${height}" viewBox="0 0 ${width} ${height}">${lives.join("")}${shapes.join("")}</svg></div>` +
    `<details><summary>The diagram as text</summary><pre tabindex="0"><code>${escape(source)}</code></pre></details>` +
    `</figure>\n`;
}

function head(x: number, y: number, direction: number): string {
  return `<path class="arrow" d="M${x} ${y}l${-9 * direction} -5v10z"/>`;
}

/** How far words beside the last column reach. */
function overhang(step: Step, last: number): number {
  if (step.type !== "message" || step.message.from !== last || step.message.to !== last) return 0;
  return 40 - COLUMN / 2 + CHARACTER * Math.max(...step.message.words.map((line) => line.length));
}

function read(source: string): Diagram {
  const [first, ...lines] = source.trim().split("\n").map((line) => line.trim());
  if (first !== "sequenceDiagram") throw new Error(`Cannot draw a diagram that begins with ${first}`);
  const names: string[] = [];
  const heads: string[][] = [];
  /** The parts that are not closed yet, the innermost last. */
  const open: string[] = [];
  const columnOf = (name: string) => {
    const column = names.indexOf(name);
    if (column < 0) throw new Error(`Cannot draw a diagram: nobody in it is called ${name}`);
    return column;
  };
  const steps = lines.flatMap((line): Step[] => {
    const [, name, title] = /^participant (\w+) as (.+)$/.exec(line) ?? [];
    if (title !== undefined) {
      names.push(name!);
      heads.push(boxed(title));
      return [];
    }
    const [, from, arrow, to, message] = /^(\w+)(--?>>)(\w+): (.+)$/.exec(line) ?? [];
    if (message !== undefined) {
      const [start, end] = [columnOf(from!), columnOf(to!)];
      const words = broken(message, start === end ? BESIDE : BETWEEN * Math.abs(end - start));
      return [{ type: "message", message: { from: start, to: end, isDashed: arrow === "-->>", words } }];
    }
    const [, over, note] = /^Note over (\w+): (.+)$/.exec(line) ?? [];
    if (note !== undefined) return [{ type: "note", at: columnOf(over!), words: boxed(note) }];
    const [, begin, words] = /^(opt|alt) (.+)$/.exec(line) ?? [];
    if (words !== undefined) {
      open.push(begin!);
      return [{ type: "begin", words: [begin === "opt" ? `if ${words}` : words] }];
    }
    const [, otherwise] = /^else (.+)$/.exec(line) ?? [];
    if (otherwise !== undefined) {
      if (open.at(-1) !== "alt") throw new Error(`Cannot draw a diagram: "${line}" is in no alt`);
      return [{ type: "else", words: [otherwise] }];
    }
    if (line === "end") {
      if (open.pop() === undefined) throw new Error("Cannot draw a diagram: it has an end too many");
      return [{ type: "end" }];
    }
    throw new Error(`Cannot draw the line of a diagram: ${line}`);
  });
  if (open.length > 0) throw new Error(`Cannot draw a diagram: its ${open.at(-1)} has no end`);
  return { heads, steps };
}

/** Breaks words into lines that fit in a box. */
function boxed(words: string): string[] {
  const lines = broken(words, IN_BOX);
  const long = lines.find((line) => line.length > IN_BOX);
  if (long === undefined) return lines;
  throw new Error(`Cannot draw a diagram: ${long} is longer than ${IN_BOX} characters, which fit in a box`);
}

/** Breaks words into lines of at most so many characters. */
function broken(words: string, most: number): string[] {
  const lines = [""];
  for (const word of words.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > most && lines.at(-1) !== "") lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
