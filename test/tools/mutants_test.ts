/** The mutants of `deno task test:mutants`. */
import { describe, expect, test } from "vitest";
import { isEquivalent, readEquivalents } from "../../scripts/mutants/equivalent.ts";
import { mutantsOf } from "../../scripts/mutants/operators.ts";
import { isSource, nearestTests, repositoryFiles, ROOT } from "../../scripts/mutants/sources.ts";

describe("mutantsOf()", () => {
  /** What becomes of a line of code, by operator. */
  const mutants = (code: string) => mutantsOf("some.ts", code).map(({ operator, after }) => [operator, after]);

  test.each([
    ["if (a) b = c;", [["condition negated", "if (!(a)) b = c;"], ["statement deleted", "if (a) ;"]]],
    ["for (; a < b;) ;", [["comparison", "for (; a <= b;) ;"]]],
    ["const c = a + b;", [["arithmetic", "const c = a - b;"]]],
    ["const text = a + `${b}`;", []],
    ["const c = 7;", [["constant", "const c = (7 + 1);"]]],
    ["const c: 7 | 8 = a;", []],
    ["failure ??= error;", [["statement deleted", ";"], ["??= to =", "failure = error;"]]],
    ["const c = a ?? b;", [["?? dropped", "const c = a;"]]],
    ["call(a, b);", [["call dropped", ";"], ["arguments swapped", "call(b, a);"]]],
    ["const most = Math.max(a, b);", []],
    ["const copy = [...list];", [["copy dropped", "const copy = (list);"]]],
    ["const both = [...list, ...others];", []],
    ["const copy = list.slice();", [["copy dropped", "const copy = list;"]]],
    ["assert(a == b);", []],
  ])("%s", (code, expected) => {
    expect(mutants(code)).toEqual(expected);
  });

  test("removes an early exit, and says where it was", () => {
    const code = "function f(a) {\n  if (a) return;\n  g();\n}\n";
    const exit = mutantsOf("some.ts", code).find(({ operator }) => operator === "early exit removed");
    expect(exit).toEqual({
      file: "some.ts",
      line: 2,
      operator: "early exit removed",
      before: "if (a) return;",
      after: ";",
      text: "function f(a) {\n  ;\n  g();\n}\n",
    });
  });
});

describe("in this repository", () => {
  test("the mutants that count as equivalent exist", async () => {
    for (const known of await readEquivalents()) {
      const mutants = mutantsOf(known.file, await Deno.readTextFile(new URL(known.file, ROOT)));
      if (!mutants.some((mutant) => isEquivalent(mutant, [known]))) {
        expect.fail(`test/mutants/equivalent.json names one that is not there: ${known.file}: ${known.before}`);
      }
    }
  });

  test("each source has tests that are nearest to it", async () => {
    for (const file of (await repositoryFiles()).filter(isSource)) {
      for (const folder of nearestTests(file)) expect((await Deno.stat(new URL(folder, ROOT))).isDirectory).toBe(true);
    }
  });
});
