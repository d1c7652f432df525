import { parser } from "@lezer/javascript";
import { Text } from "@codemirror/state";
import { beforeAll, describe, expect, test } from "vitest";
import { apiSymbols } from "../../site/src/build/symbols.ts";
import { typeOf } from "../../site/src/play/types.ts";
import type { ApiSymbol } from "../../site/src/symbol.ts";

let symbols: readonly ApiSymbol[];
beforeAll(async () => {
  symbols = await apiSymbols(new URL("../..", import.meta.url).pathname);
});

describe("apiSymbols()", () => {
  test("has classes, functions and members, with their first paragraph", () => {
    const find = (of: string | undefined, name: string) =>
      symbols.find((symbol) => symbol.of === of && symbol.name === name);
    expect(find(undefined, "GrantMapper")).toMatchObject({
      kind: "class",
      signature: "class GrantMapper implements Disposable",
    });
    expect(find("GrantDevice", "open")).toMatchObject({ kind: "method", gives: "GrantAllocator" });
    expect(find("GrantAllocator", "share")).toMatchObject({
      signature: "share(domid: number, options?: ShareOptions): Share",
      gives: "Share",
    });
    expect(find("VchanServer", "accept")).toMatchObject({ gives: "Vchan" });
  });

  test("gives a class the members of what it extends", () => {
    const members = symbols.filter(({ of }) => of === "MockDomain").map(({ name }) => name);
    expect(members).toEqual(expect.arrayContaining(["destroy", "grants", "isAlive"]));
  });

  test("has docs and a signature for each name", () => {
    expect(symbols.filter(({ docs, signature }) => docs === "" || signature === "")).toEqual([]);
    expect(symbols.length).toBeGreaterThan(300);
  });
});

describe("typeOf()", () => {
  const program = `const xen = new MockXen();
const device = new GrantDevice(xen.domain(1));
const share = device.open().share(0);
const store = await XenStore.open(xen.domain(1));
const connection = await (await VchanServer.listen(xen.domain(1), 0)).accept();
const number = 1 + 1;
`;

  test.each([
    ["xen", "MockXen"],
    ["xen.domain(1)", "MockDomain"],
    ["xen.domain(1).process()", "MockProcess"],
    ["device.open()", "GrantAllocator"],
    ["share", "Share"],
    ["store", "XenStore"],
    ["connection", "Vchan"],
    ["number", undefined],
    ["nothing", undefined],
  ])("guesses that of %s", (expression, type) => {
    const text = `${program}(${expression}).x;`;
    const dot = parser.parse(text).resolveInner(text.length - 2, -1);
    expect(typeOf(dot.name === "." ? dot : dot.prevSibling!, Text.of(text.split("\n")), symbols)).toBe(type);
  });
});
