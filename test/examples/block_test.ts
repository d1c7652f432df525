/** The example of a disk between domains: its program, the names of disks, and disks in files. */
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { BlockBackend, createDisk, FileDisk } from "../../examples/block/block_backend.ts";
import { BlockDevice } from "../../examples/block/block_device.ts";
import { diskNumber } from "../../examples/block/names.ts";
import { pattern } from "./block/support.ts";

const program = new URL("../../examples/block.ts", import.meta.url).pathname;
const runExample = (...args: string[]) =>
  spawnSync(process.execPath, ["run", "--no-check", program, ...args], { encoding: "utf8", input: "" });

describe("examples/block.ts", () => {
  test("writes and reads a disk on a simulated Xen, and ends", () => {
    expect(runExample()).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "on a simulated Xen, domain 0 serves a disk in memory to domain 1\n" +
        "xvdb: 1048576 bytes in sectors of 512, 1048576 bytes a request; " +
        "writable, flush, discard, persistent grants\n" +
        "one program has written a text, and detached the disk; the next one reads:\n" +
        "Sectors remember what programs forget.\n",
    });
  });

  test.each([["show"], ["read", "xvdb", "0"], ["read", "xvdb", "0", "all"], ["write", "xvdb"], ["serve", "5"], [
    "dance",
  ]])(
    "says how it is used instead of running `%s %s`",
    (...args) => {
      expect(runExample(...args)).toMatchObject({
        status: 2,
        stdout: "",
        stderr: expect.stringContaining("usage: block.ts"),
      });
    },
  );
});

describe("diskNumber()", () => {
  test.each([
    ["xvda", 51712],
    ["xvda1", 51713],
    ["xvdb", 51728],
    ["xvdb15", 51743],
    ["xvdb16", 1 << 28 | 1 << 8 | 16],
    ["xvdp", 51952],
    ["xvdq", 1 << 28 | 16 << 8],
    ["xvdz2", 1 << 28 | 25 << 8 | 2],
    ["xvdaa", 1 << 28 | 26 << 8],
  ])("%s has the number %i", (name, number) => expect(diskNumber(name)).toBe(number));

  test.each(["sda", "xvd", "xvdb1x", "XVDA", ""])("`%s` is refused", (name) => {
    expect(() => diskNumber(name)).toThrow(RangeError);
  });
});

describe("a disk in a file", () => {
  test("has what the other domain has written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "disk-"));
    try {
      const path = join(folder, "disk.img");
      await writeFile(path, new Uint8Array(64 * 1024));
      const xen = new MockXen();
      xen.domain(1);
      await createDisk(xen.domain(0), 1, "xvdc");
      {
        await using file = await FileDisk.open(path);
        await using _backend = await BlockBackend.serve(xen.domain(0), 1, "xvdc", file);
        await using device = await BlockDevice.attach(xen.domain(1), "xvdc");
        expect(device.size).toBe(64 * 1024);
        await device.write(512, pattern(20480));
        await device.flush();
        await device.discard(1024, 512);
        expect(await device.read(512, 512)).toEqual(pattern(512));
      }
      const expected = new Uint8Array(64 * 1024);
      expected.set(pattern(20480), 512);
      expected.fill(0, 1024, 1536);
      expect(Buffer.compare(await readFile(path), expected)).toBe(0);
      xen.assertClean();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("that is read-only, or has no whole sectors", async () => {
    const folder = await mkdtemp(join(tmpdir(), "disk-"));
    try {
      const path = join(folder, "disk.img");
      await writeFile(path, new Uint8Array(1000));
      await expect(FileDisk.open(path)).rejects.toThrow(
        "its size must be a multiple of 512 bytes: current value is 1000",
      );
      await writeFile(path, new Uint8Array(1024));
      await using file = await FileDisk.open(path, { readOnly: true });
      await expect(file.write(0, new Uint8Array(512))).rejects.toThrow();
      await expect(file.read(1024, new Uint8Array(512))).rejects.toThrow("the file ends at byte 1024");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
