/** What is said of errors, and how the program ends. */
import { expect, test } from "vitest";
import { EXIT, Failed, Interrupted, UsageError } from "../../cli/src/exit.ts";
import { failureOf } from "../../cli/src/failure.ts";
import { StatementError } from "../../cli/src/script/statement_error.ts";
import { NO_XEN } from "../../backends/linux/errors.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantError } from "../../mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { thrown } from "../support/thrown.ts";

test("an error of the library has its code and its entry", () => {
  const error = new GrantError("Cannot map: no.\nReally", { code: "map-refused", operation: "map" });
  expect(failureOf(error)).toEqual({
    line: "gntalloc: grant:map-refused: Cannot map: no. Really. More: gntalloc explain grant:map-refused",
    code: EXIT.failed,
  });
});

test("an argument that the library refuses is a wrong use", () => {
  const error = thrown(() => new GrantDevice(new MockXen().domain(1)).open().allocate(0, { pages: 0 }));
  expect(failureOf(error)).toMatchObject({ code: EXIT.usage });
  expect(failureOf(error).line).toMatch(/^gntalloc: usage: Cannot allocate as `pages` must be /);
  expect(failureOf(new UsageError("Cannot."))).toEqual({ line: "gntalloc: usage: Cannot.", code: EXIT.usage });
});

test("an error of the engine is a fault of the program, and not of its user", () => {
  const error = thrown(() => (undefined as unknown as { x: number }).x);
  expect(failureOf(error)).toMatchObject({ code: EXIT.failed });
  expect(failureOf(error).line).toMatch(/^gntalloc: fault of gntalloc: /);
  // These words are like those of the library.
  const alike = thrown(() => "for" in ("as" as never));
  expect(failureOf(alike)).toMatchObject({ code: EXIT.failed });
});

test("a signal says nothing, also from within a script or a timer", () => {
  const reason = new Interrupted("SIGTERM");
  const aborted = Object.assign(new Error("aborted", { cause: reason }), { name: "AbortError" });
  for (const error of [reason, aborted, new StatementError(3, "sleep 1s", aborted)]) {
    expect(failureOf(error)).toEqual({ line: undefined, code: 143 });
  }
  expect(failureOf(new Failed("said"))).toEqual({ line: undefined, code: EXIT.failed });
});

test("other errors are shown as they are", () => {
  expect(failureOf(new Error("no"))).toEqual({ line: "gntalloc: no", code: EXIT.failed });
  expect(failureOf("no")).toEqual({ line: "gntalloc: no", code: EXIT.failed });
  expect(failureOf(new DOMException("late", "TimeoutError")).line).toBe("gntalloc: timeout: late");
  expect(failureOf(new StatementError(3, "1: free a", new Error("no"))).line).toBe("gntalloc: line 3 (1: free a): no");
});

/** Failures of the library whose advice is for programs, and what is said to somebody who types commands. */
const ADVISED: readonly (readonly [string, () => unknown, string])[] = [
  [
    "there is no Xen",
    () => new GrantError(`Cannot open: ${NO_XEN.join(". ")}`, { code: "no-device", operation: "open" }),
    "To try it without Xen, use --mock. More:",
  ],
  [
    "the limit of the simulated Xen",
    () => thrown(() => new GrantDevice(new MockXen().domain(1)).open().allocate(0, { pages: 2000 })),
    "Allocate fewer. More:",
  ],
  [
    "no such node",
    () => asked((store) => store.read("nothing")),
    "there is no such node (ENOENT). Write it first. More:",
  ],
  [
    "no right to read",
    () => asked((store) => store.read("/local/domain/0/name")),
    "`gntalloc store perms`. Below another domain, it may also not be there yet. More:",
  ],
  [
    "nothing came",
    () => asked((store) => store.waitFor("nothing", undefined, { timeout: 1 })),
    "the right to read, or wait longer. More:",
  ],
];

/** The error of a request to XenStore. */
async function asked(request: (store: XenStore) => Promise<unknown>): Promise<unknown> {
  using store = await XenStore.open(new MockXen().domain(1));
  return await request(store).then(() => undefined, (error) => error);
}

test.each(ADVISED)("the advice fits a command: %s", async (_, fail, says) => {
  const { line } = failureOf(await fail());
  expect(line).toContain(says);
  expect(line).not.toMatch(/MockXen|import|@gntalloc|setPermissions|waitFor/);
});
