/** Scripts. */
import { expect, test } from "vitest";
import { gntalloc, lines, start } from "./cli.ts";

const run = (...statements: string[]) => gntalloc(["run", "--mock", ...lines(...statements)]);

test("pages that the peer maps live on when their owner frees them", async () => {
  const { code, stdout, stderr } = await run(
    "1: share ring --to 0 --pages 2 --writable --fill hello",
    "0: map view 1 ring --writable",
    "1: free ring",
    "0: expect view 0 hello",
    '0: write view 4096 "still here"',
    "0: dump view 4096 16",
    "0: unmap view",
    "1: fails map-refused map again 1 8",
  );
  expect(stdout.split("\n")).toEqual([
    "1: shares 2 pages with domain 0 as ring: 8-9",
    "0: maps 2 pages of domain 1 as view",
    "1: frees ring",
    "0: writes 10 bytes into view at 4096",
    "0: view:",
    "00001000  73 74 69 6c 6c 20 68 65  72 65 00 00 00 00 00 00  |still here......|",
    "0: unmaps view",
    "1: fails with map-refused, as expected",
    "",
  ]);
  expect(stderr).toBe("at the end: 0 granted, 0 of them held by peers, 0 mappings, 0 ports\n");
  expect(code).toBe(0);
});

test("pages that are mapped here live on when they are freed", async () => {
  const { code, stderr } = await run(
    "1: allocate ring --to 0 --pages 2",
    "1: view mine ring",
    "1: free ring",
    "1: write mine 0 x",
    "1: fails not-found view again ring",
  );
  expect(code).toBe(2); // `ring` is no name any more
  expect(stderr).toContain("nothing has that name");
});

test("everything is released at the end, in spite of an error", async () => {
  const { code, stderr } = await run("1: share ring --to 0", "0: map view 1 ring", "1: share more --to 0 --pages 5000");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^gntalloc: grant:kernel-limit-reached: line 3 \(1: share more --to 0 --pages 5000\): [^\n]*\n$/,
  );
});

test("what fails at the release does not hide why the script failed", async () => {
  for (const verb of ["share", "allocate"]) {
    for (const name of ["9x", "é"]) {
      const { code, stderr } = await run("# nothing", `1: ${verb} ${name} --to 0`);
      expect(stderr).toContain(`gntalloc: usage: line 2 (1: ${verb} ${name} --to 0): Cannot use the name as it must`);
      expect(code).toBe(2);
    }
  }
});

test("`fails` fails if there is no error, or another one", async () => {
  const none = await run("1: fails limit-reached share ring --to 0");
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("Line 1 of the script must fail with limit-reached, and did not");
  const other = await run("1: fails limit-reached map view 0 99");
  expect(other.code).toBe(1);
  expect(other.stderr).toContain("grant:map-refused");
});

test("`expect` fails if the memory has something else", async () => {
  const { code, stderr } = await run("1: share ring --to 0 --fill hallo", "1: expect ring 0 hello");
  expect(code).toBe(1);
  expect(stderr).toContain('ring has "hallo" at 0, not "hello"');
});

test("event channels wake the other side", async () => {
  const { code, stdout } = await run(
    "1: bind bell 0",
    "0: join bell 1 bell",
    "1: notify bell",
    "0: wait bell 1s",
    "0: unbind bell",
    "1: unbind bell",
  );
  expect(stdout).toContain("0: got an event on bell\n");
  expect(code).toBe(0);
});

test("a killed program, and a destroyed domain, leave what its peer maps", async () => {
  const { code, stdout, stderr } = await run(
    "1: share ring --to 0 --fill hello",
    "0: map view 1 ring",
    "1: kill",
    "0: expect view 0 hello",
    "2: share ring --to 0 --fill other",
    "0: map theirs 2 ring",
    "2: destroy",
    "0: expect theirs 0 other",
  );
  expect(stdout).toContain("1: is killed\n");
  expect(stdout).toContain("2: is destroyed\n");
  expect(stderr).toContain("2 granted, 1 of them held by peers");
  expect(code).toBe(0);
});

test("XenStore: writes, rights, reads, waits and removals", async () => {
  const { code, stdout } = await run(
    "1: store-write data/colour blue",
    "1: store-allow data/colour 2 read",
    "2: store-read /local/domain/1/data/colour",
    "2: fails denied store-write /local/domain/1/data/colour red",
    "1: store-remove data/colour",
    "1: fails not-found store-read data/colour",
    "2: fails denied store-read /local/domain/1/data/colour",
  );
  expect(stdout).toContain('2: /local/domain/1/data/colour = "blue"\n');
  expect(code).toBe(0);
});

test("vchan: both sides talk", async () => {
  const { code, stdout } = await run(
    "1: vchan-listen server 0 chat",
    "0: vchan-connect client 1 chat",
    "0: vchan-send client question",
    "1: vchan-receive server",
    "1: vchan-send server answer",
    "0: vchan-receive client",
    "1: vchan-close server",
    "0: vchan-receive client",
  );
  expect(stdout).toContain('1: receives "question" on server\n');
  expect(stdout).toContain('0: receives "answer" on client\n');
  expect(stdout).toContain("0: receives the end on client\n");
  expect(code).toBe(0);
});

test("a signal ends a script that waits, and all is released", async () => {
  const program = start(["run", "--mock", ...lines("1: share ring --to 0", "1: sleep 1h")]);
  await program.until("1: shares 1 page");
  program.kill("SIGTERM");
  expect((await program.ended).code).toBe(143);
  expect(program.stderr).toBe("");
});

test("the lines of a real domain are chosen by --side, and none may name another without it", async () => {
  const both = lines("1: share ring --to 0");
  const { code, stderr } = await gntalloc(["run", ...both]);
  expect(code).toBe(2);
  expect(stderr).toContain("Say with --side which one plays here, or use --mock");
});

test("a script can expect that Xen refuses to copy; what it does not expect ends it", async () => {
  const { code, stdout } = await gntalloc([
    "run",
    "--mock",
    ...lines("1: sleep 0ms", "0: fails general_error copy 1 8 16"),
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "0: fails with general_error, as expected\n" });
  const refused = await gntalloc(["run", "--mock", ...lines("1: sleep 0ms", "0: copy 1 8 16")]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /^gntalloc: line 2 \(0: copy 1 8 16\): Cannot copy from domain 1: Xen says general_error\./,
  );
});
