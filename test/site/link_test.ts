import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fragmentOf, MOST_BYTES, programIn } from "../../site/src/play/link.ts";

const linkTo = (bytes: Uint8Array) => `#program=${deflateRawSync(bytes).toString("base64url")}`;

describe("programIn()", () => {
  test.each(["", "a();\n", "hé, 你好", "a".repeat(MOST_BYTES)])(
    "returns what fragmentOf() packs: %.20s",
    async (text) => {
      expect(await programIn(await fragmentOf(text))).toBe(text);
    },
  );

  test("returns lines that end as the editor ends them", async () => {
    expect(await programIn(await fragmentOf("a();\r\n// b\rc();\n"))).toBe("a();\n// b\nc();\n");
  });

  test.each(["", "#", "#main", "#share", "#programs"])("finds no program in %j", async (fragment) => {
    expect(await programIn(fragment)).toBe(undefined);
  });

  test.each([
    ["is no text", "#program=%%%"],
    ["is not packed", "#program=____"],
    ["has bytes that are no UTF-8", linkTo(Uint8Array.of(0xff))],
  ])("refuses one that %s", async (_, fragment) => {
    await expect(programIn(fragment)).rejects.toThrow(
      "Cannot open the program: the link is broken. Ask the sender for its text.",
    );
  });

  test.each([MOST_BYTES + 1, 50_000_000])("refuses one that holds %i bytes", async (length) => {
    await expect(programIn(linkTo(new Uint8Array(length)))).rejects.toThrow(
      "Cannot open the program: it has more than 65536 bytes. Ask the sender for its text.",
    );
  });
});

test("fragmentOf() refuses a program that no link may hold", async () => {
  await expect(fragmentOf("a".repeat(MOST_BYTES + 1))).rejects.toThrow(
    "Cannot make a link: the program has more than 65536 bytes. Send its text.",
  );
});
