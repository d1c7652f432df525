/** `share`, `map` and `copy`, each on a simulated Xen with a script that plays the other side. */
import { describe, expect, test } from "vitest";
import { gntalloc, lines, start } from "./cli.ts";

describe("share", () => {
  test("prints the references, fills the pages and releases them after --for", async () => {
    const args = ["share", "--to", "0", "--pages", "3", "--fill", "hello", "--mock", "--for", "50ms"];
    const { code, stdout, stderr } = await gntalloc(args);
    expect(stdout).toBe("8-10\n");
    expect(stderr).toContain("sharing 3 pages with domain 0; for 50 ms\n");
    expect(stderr).toContain("released 3 pages\n");
    expect(code).toBe(0);
  });

  test("holds while the script plays the peer, and says what the peer still holds", async () => {
    const script = lines("start", "0: map view 1 ring", "0: expect view 0 hello");
    const { code, stderr } = await gntalloc(["share", "--to", "0", "--fill", "hello", "--name", "ring", ...script]);
    expect(stderr).toContain("0: maps 1 page of domain 1 as view\n");
    expect(stderr).toContain("released 1 page; domain 0 still maps 1 page\n");
    expect(code).toBe(0);
  });

  test("withdraws the name before it releases the pages", async () => {
    const script = lines(
      "start",
      "0: map view 1 ring",
      "0: unmap view",
      "0: store-read /local/domain/1/data/gntalloc/ring",
    );
    const { code, stderr } = await gntalloc(["share", "--to", "0", "--name", "ring", ...script]);
    expect(stderr).toContain('/local/domain/1/data/gntalloc/ring = "8"');
    expect(code).toBe(0);
  });

  test.each([["SIGHUP", 129], ["SIGINT", 130], ["SIGQUIT", 131], ["SIGTERM", 143]] as const)(
    "releases everything on %s and ends with %i",
    async (signal, expected) => {
      const program = start(["share", "--to", "0", "--name", "ring", "--mock"]);
      await program.until("SIGINT or SIGTERM releases them");
      program.kill(signal);
      expect((await program.ended).code).toBe(expected);
      expect(program.stdout).toBe("8\n");
      expect(program.stderr).toMatch(/released 1 page\n$/);
    },
  );

  test("says that it replaces a name", async () => {
    const first = ["1: allocate ring --to 0", "start", "0: map view 1 ring"];
    const replacing = await gntalloc(["share", "--to", "0", "--name", "ring", ...lines(...first)]);
    expect(replacing.stderr).toContain("replaced what was published as ring\n");
    expect(replacing.code).toBe(0);
  });

  test("fails with the code and the way out, in one line, and has nothing to release", async () => {
    const { code, stdout, stderr } = await gntalloc(["share", "--to", "0", "--pages", "2000", "--mock"]);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^gntalloc: grant:kernel-limit-reached: Cannot allocate 2000 pages: .*\n$/);
    expect(stderr).toContain("More: gntalloc explain grant:kernel-limit-reached");
  });

  test("ends with the error of the script that plays the peer, and releases", async () => {
    const { code, stderr } = await gntalloc(["share", "--to", "3", ...lines("start", "0: map view 1 8")]);
    expect(code).toBe(1);
    expect(stderr).toContain("released 1 page\n");
    expect(stderr).toContain("gntalloc: grant:map-refused: line 2 (0: map view 1 8): ");
  });

  test("needs FFI outside of a simulated Xen, and says so", async () => {
    const { code, stderr } = await gntalloc(["share", "--to", "0"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gntalloc: grant:permission: .*--allow-ffi.*\n$/);
  });
});

describe("map", () => {
  const ring = "1: share ring --to 0 --pages 2 --writable --fill hello";

  test("dumps what is in the pages of a name", async () => {
    const { code, stdout } = await gntalloc(["map", "1", "ring", "--length", "32", ...lines(ring)]);
    expect(stdout).toBe(
      "00000000  68 65 6c 6c 6f 00 00 00  00 00 00 00 00 00 00 00  |hello...........|\n" +
        "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n",
    );
    expect(code).toBe(0);
  });

  test("takes references, and leaves out lines that repeat", async () => {
    const { stdout } = await gntalloc(["map", "1", "8", "9", ...lines(ring)]);
    const dumped = stdout.trim().split("\n");
    expect(dumped.map((line) => line.slice(0, 8))).toEqual(["00000000", "00000010", "*", "00001ff0"]);
  });

  test("writes, into the second page too, and shows it", async () => {
    const write = ["--write", "4094=abcd", "--offset", "4090", "--length", "9"];
    const { stdout, code } = await gntalloc([
      "map",
      "1",
      "8-9",
      ...write,
      ...lines(ring, "start", "1: expect ring 4094 abcd 5s"),
    ]);
    expect(stdout).toBe("00000ffa  00 00 00 00 61 62 63 64  00                       |....abcd.|\n");
    expect(code).toBe(0);
  });

  test("watches what changes", async () => {
    const script = lines(ring, "start", "1: expect ring 0 x 10s", '1: write ring 17 "new"', "0: sleep 50ms");
    const { stdout } = await gntalloc([
      "map",
      "1",
      "ring",
      "--write",
      "0=x",
      "--length",
      "32",
      "--watch",
      "--every",
      "10ms",
      ...script,
    ]);
    const changes = stdout.split("\n").slice(2).filter((line) => line !== "" && !line.startsWith("—"));
    expect(changes).toEqual(["00000010  00 6e 65 77 00 00 00 00  00 00 00 00 00 00 00 00  |.new............|"]);
  });

  test("writes raw bytes", async () => {
    const { stdout } = await gntalloc(["map", "1", "ring", "--raw", "--length", "5", ...lines(ring)]);
    expect(stdout).toBe("hello");
  });

  test("waits until the name is published, but not longer than --timeout", async () => {
    const late = await gntalloc([
      "map",
      "1",
      "ring",
      "--length",
      "5",
      "--raw",
      ...lines("start", "1: sleep 30ms", ring, "1: sleep 50ms"),
    ]);
    expect(late.stdout).toBe("hello");
    const script = lines("start", "1: sleep 60s");
    const never = await gntalloc(["map", "1", "nothing", "--timeout", "50ms", ...script]);
    expect(never.code).toBe(1);
    expect(never.stderr).toMatch(/^gntalloc: store:timed-out: .* after 50 ms\. .*\n$/);
  });

  test.each<[string, string[], string]>([
    ["without a script", ["map", "1", "ring", "--mock"], "domain 1 has not published it for domain 0"],
    ["after a script", ["copy", "1", "ring", ...lines("start", "1: share rnig --to 0")], "domain 1 has not published"],
    ["for another domain", ["map", "1", "ring", "--as", "2", ...lines(ring)], "not published it for domain 2"],
  ])("says at once that nobody is left to publish the name: %s", async (_, args, says) => {
    const { code, stderr } = await gntalloc(args);
    expect(stderr).toMatch(/gntalloc: store:timed-out: [^\n]* nobody is left to do so\. [^\n]*\n$/);
    expect(stderr).toContain(says);
    expect(code).toBe(1);
  });

  test("is refused what was not granted", async () => {
    const { code, stderr } = await gntalloc(["map", "1", "77", "--mock"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gntalloc: grant:map-refused: /);
  });
});

describe("copy", () => {
  test("copies out of pages, across their borders", async () => {
    const script = lines("1: share ring --to 0 --pages 2", '1: write ring 4090 "over the border"');
    const { stdout } = await gntalloc(["copy", "1", "ring", "--offset", "4090", "--length", "15", "--raw", ...script]);
    expect(stdout).toBe("over the border");
  });

  test("copies into pages", async () => {
    const script = lines("1: share ring --to 0 --writable", "start", "1: expect ring 3 news 5s");
    const { code, stderr } = await gntalloc(["copy", "1", "ring", "--offset", "3", "--write", "news", ...script]);
    expect(stderr).toContain("copied 4 bytes to domain 1");
    expect(code).toBe(0);
  });

  test.each(["map", "copy"])("`%s` prints nothing of no bytes", async (command) => {
    const args = [command, "1", "8", "--offset", "4096", ...lines("1: share ring --to 0")];
    expect(await gntalloc(args)).toMatchObject({ code: 0, stdout: "" });
  });

  test.each([
    [["--offset", "5000"], "Cannot copy 0 bytes at offset 5000: the pages have 4096 bytes."],
    [["--offset", "4090", "--length", "7"], "Cannot copy 7 bytes at offset 4090: the pages have 4096 bytes."],
    [["--length", "9007199254740991"], "Cannot copy 9007199254740991 bytes at offset 0: the pages have 4096 bytes."],
    [["--offset", "4094", "--write", "news"], "Cannot copy 4 bytes at offset 4094: the pages have 4096 bytes."],
  ])("refuses %j: the pages end before", async (options, reason) => {
    const { code, stdout, stderr } = await gntalloc(["copy", "1", "8", ...options, ...lines("1: share ring --to 0")]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/\ngntalloc: usage: [^\n]+\n$/);
    expect(stderr).toContain(reason);
  });

  test("says which references Xen refused", async () => {
    const { code, stderr } = await gntalloc([
      "copy",
      "1",
      "8",
      "77",
      "--length",
      "8192",
      ...lines("1: share ring --to 0"),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("Xen refused 1 of 2 segments with domain 1: reference 77: general_error.");
  });
});
