import { describe, expect, test } from "vitest";
import { readLessons } from "../../site/src/build/lessons.ts";
import { prepare } from "../../site/src/play/prepare.ts";
import { ProgramError } from "../../site/src/play/program_error.ts";
import { Random } from "../support/random.ts";

/** What is put into programs. */
const WORDS = ["", "import * from", "import {", "as", "from", "async", "*", "{", "}", "`", "/*", '"', "\n", "export"];

/** The program without the line that makes it a module. */
function prepared(program: string): string {
  return prepare(program).replace(/\nexport \{\};$/, "");
}

const step = (line: number) => `await playground.step(${line});`;

describe("prepare()", () => {
  test("puts a step before each statement, and moves no line", () => {
    expect(prepared("const a = 1;\n\na();")).toBe(`${step(1)}const a = 1;\n\n${step(3)}a();`);
  });

  test.each([
    ["a block", "{\n  a();\n}", `{\n  ${step(2)}a();\n}`],
    ["a loop", "for (;;) {\n  a();\n}", `${step(1)}for (;;) {\n  ${step(2)}a();\n}`],
    ["an asynchronous function", "async function f() {\n  a();\n}", `async function f() {\n  ${step(2)}a();\n}`],
    [
      "an asynchronous arrow function",
      "const f = async () => {\n  a();\n};",
      `${step(1)}const f = async () => {\n  ${step(2)}a();\n};`,
    ],
    [
      "an asynchronous method",
      "class C {\n  async m() {\n    a();\n  }\n}",
      `class C {\n  async m() {\n    ${step(3)}a();\n  }\n}`,
    ],
    [
      "an asynchronous method of an object",
      "const o = {\n  async m() {\n    a();\n  },\n  b: async () => {\n    a();\n  },\n};",
      `${step(1)}const o = {\n  async m() {\n    ${step(3)}a();\n  },\n  b: async () => {\n    ${
        step(6)
      }a();\n  },\n};`,
    ],
    [
      "a property that is no method",
      "const o = {\n  a: await b(),\n};\nc();",
      `${step(1)}const o = {\n  a: await b(),\n};\n${step(4)}c();`,
    ],
    [
      "a choice",
      "switch (a) {\n  case 1:\n    b();\n    break;\n}",
      `${step(1)}switch (a) {\n  case 1:\n    ${step(3)}b();\n    ${step(4)}break;\n}`,
    ],
    [
      "what may fail",
      "try {\n  a();\n} catch {\n  b();\n}",
      `${step(1)}try {\n  ${step(2)}a();\n} catch {\n  ${step(4)}b();\n}`,
    ],
  ])("steps into %s", (_, program, expected) => {
    expect(prepared(program)).toBe(expected);
  });

  test.each([
    "function f() {\n  a();\n}",
    "function* f() {\n  yield 1;\n}",
    "class C {\n  static {\n    a();\n  }\n  get b() {\n    return 1;\n  }\n}",
    "async function f() {\n  function g() {\n    a();\n  }\n}",
    "export default {\n  put(a) {\n    b(a);\n  },\n  get c() {\n    return 1;\n  },\n  set c(a) {\n    b(a);\n  },\n};",
  ])("does not step where nothing can wait: %s", (program) => {
    expect(prepared(program)).toBe(program);
  });

  test("a statement without a block stays with its condition", () => {
    expect(prepared("if (a) b();")).toBe(`${step(1)}if (a) b();`);
  });

  test.each([
    ['import { a, b as c } from "m";', 'const { a, b: c } = playground.library("m");'],
    ["import { a } from 'm'", 'const { a } = playground.library("m");'],
    ['import a from "m";', 'const { default: a } = playground.library("m");'],
    ['import * as m from "m";', 'const m = playground.library("m");'],
    ['import {\n  a,\n  b,\n} from "m";', 'const { a, b } = playground.library("m");\n\n\n'],
    ['import {\n  a, // one\n  b as /* two */ c,\n} from "m";', 'const { a, b: c } = playground.library("m");\n\n\n'],
    ['import { default as a, "b c" as d } from "m"', 'const { default: a, "b c": d } = playground.library("m");'],
    ['/* } */ import a /* of */ from "m"; // m', '/* } */ const { default: a } = playground.library("m"); // m'],
  ])("imports from the library: %s", (program, expected) => {
    expect(prepared(program)).toBe(expected);
  });

  test.each([
    ["a();\nconst = 1;", 2, "Cannot run the program: line 2 has a syntax error."],
    ["a(\n\n", 3, "Cannot run the program: line 3 has a syntax error."],
    ["let a;\na = /* b\n", 3, "Cannot run the program: line 3 has a syntax error."],
    [
      `\na = ${"b + ".repeat(5000)}c;`,
      2,
      "Cannot run the program: line 2 has too long an expression. Write shorter ones.",
    ],
    ['\nexport { a } from "m";', 2, "Cannot run the program: line 2 exports from a module. Import from it."],
    ['export * from "m";', 1, "Cannot run the program: line 1 exports from a module. Import from it."],
    [
      "\nconst playground = 1;",
      2,
      "Cannot run the program: line 2 declares `playground`, which runs its statements. Take another name.",
    ],
    ['import "m";', 1, 'Cannot run the program: line 1 must read `import { … } from "…";`.'],
    ['import * from "m";', 1, "Cannot run the program: line 1 has a syntax error."],
    ['\nimport a, { b } from "m";', 2, 'Cannot run the program: line 2 must read `import { … } from "…";`.'],
  ])("refuses %.40s", (program, line, message) => {
    expect(() => prepare(program)).toThrow(ProgramError);
    expect(() => prepare(program)).toThrow(expect.objectContaining({ message, line }));
  });

  test.each([
    "let a;\nlet b: number;",
    "let a;\nf(a as B);",
    "let a;\na!.b;",
    "let a;\nclass C { a!: B }",
    "let a;\nfunction f(a?) {}",
    "let a;\nfunction f(a): a is B {}",
    "let a;\nconst f = <T>(a) => a;",
    "let a;\ninterface I {}",
    "let a;\nenum E { A }",
    "let a;\nclass C { private a = 1; }",
    'let a;\nimport { type A } from "m";',
    "let a;\nb satisfies C;",
  ])("says of %j that it is TypeScript", (program) => {
    const message =
      "Cannot run the program: line 2 has syntax of TypeScript. Programs here are JavaScript: leave the types out.";
    expect(() => prepare(program)).toThrow(expect.objectContaining({ message, line: 2 }));
  });

  test.each([
    "a = !b && !(c || d) ?? e;",
    "const as = 1;\nf(as, { as, is: as ? as : b });",
    "a?.b?.[c]?.(d);\na ? (b) : c;\na++;",
    "class C {\n  static accessor a = 1;\n  type = 2;\n}",
    "a < b > (c);",
    "label: for (;;) break label;",
  ])("takes %j for JavaScript", (program) => {
    expect(() => prepare(program)).not.toThrow();
  });

  // If its time grew with the square of the length, these would take longer than a test may.
  test.each([
    ["statements", "a();\n".repeat(100_000)],
    ["imports", 'import { a } from "m";\n'.repeat(20_000)],
    ["beginnings of comments", "/*".repeat(200_000)],
    ["calls that may be functions", "async (".repeat(100_000)],
  ])("comes to an end with very many %s", (_, program) => {
    try {
      prepare(program);
    } catch (error) {
      expect(error).toBeInstanceOf(ProgramError);
    }
  });

  test("prepares a mutated lesson, or says why it cannot", async () => {
    const random = new Random(1);
    const lessons = (await readLessons(new URL("../..", import.meta.url).pathname)).map(({ program }) => program);
    const cuts = lessons.flatMap((program) => program.match(/\w+|\s+|[^\w\s]/g)!);
    let refused = 0;
    for (let count = 0; count < 3000; count++) {
      let program = random.pick(lessons);
      for (let mutations = random.between(1, 3); mutations > 0; mutations--) {
        const at = random.below(program.length);
        program = program.slice(0, at) + random.pick([...WORDS, random.pick(cuts)]) +
          program.slice(at + random.between(0, 8));
      }
      try {
        prepare(program);
      } catch (error) {
        if (!(error instanceof ProgramError)) throw new Error(`${error} for ${program}`, { cause: error });
        expect(error.line).toBeLessThanOrEqual(program.split("\n").length);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
    expect(refused).toBeLessThan(3000);
  });

  test("what it prepares is JavaScript that does the same", async () => {
    const program = `let sum = 0;
const add = async (number) => {
  for (let count = 0; count < number; count++) {
    sum += number;
  }
};
await Promise.all([add(2), add(3)]);
globalThis.done(sum);`;
    const lines: number[] = [];
    const sum = Promise.withResolvers<number>();
    Object.assign(globalThis, { playground: { step: (line: number) => lines.push(line) }, done: sum.resolve });
    await import(`data:text/javascript,${encodeURIComponent(prepare(program))}`);
    expect(await sum.promise).toBe(13);
    expect(lines.filter((line) => line === 4)).toHaveLength(5);
  });
});
