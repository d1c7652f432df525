/** The example of netcat between domains. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe, expect, test } from "vitest";

const program = new URL("../../examples/vchan.ts", import.meta.url).pathname;
const runExample = (...args: string[]) =>
  spawnSync(process.execPath, ["run", "--no-check", program, ...args], { encoding: "utf8" });

describe("examples/vchan.ts", () => {
  test("talks to itself on a simulated Xen, and ends", () => {
    expect(runExample()).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "on a simulated Xen, domain 1 listens and domain 0 connects\n" +
        "domain 1 got: is anybody there?\n" +
        "domain 0 got: IS ANYBODY THERE?\n",
    });
  });

  test.each([["listen"], ["connect", "5"], ["connect", "x", "chat"], ["listen", "chat", "--to", "me"], ["dance"]])(
    "says how it is used instead of running `%s %s`",
    (...args) => {
      expect(runExample(...args.filter((arg) => arg !== undefined))).toMatchObject({
        status: 2,
        stdout: "",
        stderr: expect.stringContaining("usage: vchan.ts"),
      });
    },
  );
});
