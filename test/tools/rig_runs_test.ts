/** What the options of `deno task test:xen` name, and what machines are. */

import { describe, expect, test } from "vitest";
import { MACHINE_NAMES, machineNamed } from "../rig/machines.ts";
import { parseOptions } from "../rig/options.ts";
import { programsFor } from "../rig/packages.ts";
import { MATRIX, nameOf, WHOLE } from "../rig/runs.ts";

const named = (...args: string[]) => parseOptions(args).runs.map(nameOf);

describe("parseOptions()", () => {
  test("names no run by default", () => {
    expect(parseOptions(["--seed=7"])).toEqual({ runs: [], shell: false, asked: { seed: 7, traces: 20, steps: 100 } });
  });

  test("takes rigs on their usual machines, and on those that are named", () => {
    expect(named("--only=loopback", "--only=pvh")).toEqual(["loopback", "pvh"]);
    expect(parseOptions(["--only=pvh", "--only=hvm"]).runs.map(({ machine }) => machine.name)).toEqual([
      "bookworm-pvh",
      "bookworm-hvm",
    ]);
    expect(named("--only=domu", "--machine=bookworm-pvh", "--machine=bookworm-pv")).toEqual([
      "domu@bookworm-pvh",
      "domu",
    ]);
  });

  test("takes what the matrix runs on a machine, and the whole matrix", () => {
    expect(named("--machine=bookworm-pvh")).toEqual(
      MATRIX.filter(({ machine }) => machine.name === "bookworm-pvh").map(nameOf),
    );
    expect(named("--matrix")).toEqual(MATRIX.map(nameOf));
  });

  test("refuses what it does not know, with the usage", () => {
    expect(() => parseOptions(["--only=everything"])).toThrow(/must be one of loopback, .*value is everything\nusage:/);
    expect(() => parseOptions(["--machine=vax"])).toThrow(
      /--machine must be one of bookworm-pv, .*value is vax\nusage:/,
    );
    expect(() => parseOptions(["--matrix", "--only=domu"])).toThrow("--matrix is all runs: name none beside it");
  });
});

test("the matrix has each run once, all of the whole run, and a run on each machine", () => {
  const all = MATRIX.map(nameOf);
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(expect.arrayContaining(WHOLE.map(nameOf)));
  expect(new Set(MATRIX.map(({ machine }) => machine.name))).toEqual(new Set(MACHINE_NAMES));
});

test("programsFor() names what emulates the machines and compiles for them, and no more", () => {
  expect(programsFor([machineNamed("bookworm-pvh")])).toEqual(["qemu-system-x86_64", "gcc"]);
  expect(programsFor([machineNamed("bookworm-arm64")])).toEqual(
    ["qemu-system-x86_64", "gcc", "qemu-system-aarch64", "aarch64-linux-gnu-gcc"],
  );
});
