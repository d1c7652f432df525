/** `completions`, and the command that shells run for it. */
import { expect, test } from "vitest";
import { gntalloc } from "./cli.ts";

test.each([
  ["bash", "complete -o default -F _gntalloc gntalloc"],
  ["zsh", "#compdef gntalloc"],
  ["fish", "complete -c gntalloc"],
])("prints a script for %s", async (shell, part) => {
  const { code, stdout } = await gntalloc(["completions", shell]);
  expect(stdout).toContain(part);
  expect(code).toBe(0);
});

test("refuses other shells", async () => {
  const { code, stderr } = await gntalloc(["completions", "csh"]);
  expect(code).toBe(2);
  expect(stderr).toContain("it must be bash, zsh, fish");
});

test.each([
  [["sh"], ["share"]],
  [["store", "w"], ["write", "watch"]],
  [["store", "watch", "--f"], ["--for"]],
  [["--ver"], ["--version"]],
  [["share", "--to", "0", "--he"], ["--help"]],
  [["share", ""], []],
  [["comp"], ["completions"]],
  [["help", "sto"], ["store"]],
  [["help", "store", "wa"], ["watch"]],
  [["inspect", "--theme", ""], ["auto", "light", "dark"]],
  [["inspect", "--svg", "--theme", "l"], ["light"]],
  [["inspect", "--width", ""], []],
  [["trace", "record", "-o", "--"], []],
  [["completions", ""], ["bash", "zsh", "fish"]],
  [["explain", "grant:no-sp"], ["grant:no-space"]],
  [["explain", "toString"], []],
])("completes %j", async (words, expected) => {
  const { code, stdout } = await gntalloc(["complete", "--", ...words]);
  expect(stdout.split("\n").filter((word) => word !== "")).toEqual(expected);
  expect(code).toBe(0);
});
