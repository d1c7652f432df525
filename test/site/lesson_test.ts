import { describe, expect, test } from "vitest";
import { readLesson } from "../../site/src/lesson.ts";

const LESSON = `// A title
//
// What it shows: read-
// only pages – and more
// than these.

run();

// Shows:
// 8

// Prints:
// one
// two
`;

describe("readLesson()", () => {
  test("reads all parts, and joins words that a line parts at a hyphen", () => {
    expect(readLesson("id", LESSON)).toEqual({
      id: "id",
      title: "A title",
      about: "What it shows: read-only pages – and more than these.",
      program: "run();\n",
      shows: ["8"],
      prints: ["one", "two"],
    });
  });

  test.each(["// A title\n", "run();\n", "// Shows:\n", "// two\n"])("refuses a lesson without %j", (part) => {
    const broken = part === "// two\n" ? LESSON.replace("// one\n// two\n", "") : LESSON.replace(part, "");
    expect(() => readLesson("id", broken)).toThrow("Cannot read the lesson id: see readLesson() for its parts");
  });

  const text =
    "// Title\n//\n// It shows\n// this.\n\nconst a = 1;\n\nb();\n\n// Shows:\n// three\n\n// Prints:\n// one\n// two\n";

  test("takes a lesson apart", () => {
    expect(readLesson("id", text)).toEqual({
      id: "id",
      title: "Title",
      about: "It shows this.",
      program: "const a = 1;\n\nb();\n",
      shows: ["three"],
      prints: ["one", "two"],
    });
  });

  test.each(["a();\n", text.replace("Prints", "Says"), text.replace("//\n", "")])("refuses %j", (broken) => {
    expect(() => readLesson("id", broken)).toThrow("Cannot read the lesson id");
  });
});
