/** `store`, on a simulated Xen. */
import { expect, test } from "vitest";
import { gntalloc, lines, start } from "./cli.ts";

const DATA = "/local/domain/1/data";

test("`ls` lists names, and with -r all that is below with the values", async () => {
  const script = lines("1: store-write data/a/b one", '1: store-write data/c "two\\nlines"');
  expect(await gntalloc(["store", "ls", DATA, ...script])).toMatchObject({ code: 0, stdout: "a\nc\n" });
  const { stdout } = await gntalloc(["store", "ls", "-r", DATA, ...script]);
  expect(stdout).toBe('a = ""\n  b = "one"\nc = "two\\nlines"\n');
});

test("`ls -r` goes on where it may not read", async () => {
  const script = lines(
    "1: store-write data/a secret",
    "1: store-write data/b open",
    "1: store-allow data/b 2 read",
    "1: store-allow data 2 read",
  );
  const { code, stdout } = await gntalloc(["store", "ls", "-r", DATA, "--as", "2", ...script]);
  expect(stdout).toBe('a: denied\nb = "open"\n');
  expect(code).toBe(0);
});

test("`read` prints a value, and fails where there is none", async () => {
  expect(await gntalloc(["store", "read", `${DATA}/a`, ...lines("1: store-write data/a one")])).toMatchObject({
    code: 0,
    stdout: "one\n",
  });
  expect((await gntalloc(["store", "read", "--raw", `${DATA}/a`, ...lines("1: store-write data/a one")])).stdout).toBe(
    "one",
  );
  const { code, stderr } = await gntalloc(["store", "read", `${DATA}/b`, "--mock"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^gntalloc: store:not-found: [^\n]* More: gntalloc explain store:not-found\n$/);
});

test("what others wrote cannot command the terminal", async () => {
  const script = lines('1: store-write data/a "\u001b[31mred\u009b0m"');
  const shown = "\\x1b[31mred\\x9b0m";
  expect((await gntalloc(["store", "read", `${DATA}/a`, ...script])).stdout).toBe(`${shown}\n`);
  expect((await gntalloc(["store", "ls", "-r", DATA, ...script])).stdout).toBe('a = "\\u001b[31mred\\x9b0m"\n');
  // A name stands for references, and the peer has written something else.
  const lie = lines("1: store-write data/gntalloc/ring 8", '1: store-write data/gntalloc/ring "\u001b[2J"');
  const { code, stderr } = await gntalloc(["map", "1", "ring", ...lie]);
  expect(code).toBe(1);
  expect(stderr).toContain('it must be references such as 8-11,14, and is "\\u001b[2J".');
  expect(stderr).not.toContain("\u001b");
});

test("`write` and `rm` change nodes, as the other side sees", async () => {
  const written = lines("start", "1: store-wait data/a 5s");
  expect(await gntalloc(["store", "write", `${DATA}/a`, "one", ...written])).toMatchObject({ code: 0 });
  const { code, stderr } = await gntalloc([
    "store",
    "rm",
    `${DATA}/a`,
    ...lines("1: store-write data/a one", "start", "1: sleep 50ms", "1: fails not-found store-read data/a"),
  ]);
  expect(stderr).toContain("1: fails with not-found, as expected");
  expect(code).toBe(0);
});

test("`watch` prints what changes", async () => {
  const { code, stdout } = await gntalloc([
    "store",
    "watch",
    DATA,
    ...lines("start", "1: store-write data/a one"),
  ]);
  expect(stdout).toBe(`${DATA}\n${DATA}/a\n`);
  expect(code).toBe(0);
});

test("`watch` ends on SIGINT", async () => {
  const program = start(["store", "watch", DATA, "--mock"]);
  await program.until(DATA);
  program.kill("SIGINT");
  expect((await program.ended).code).toBe(130);
  expect(program.stderr).toBe("");
});

test("`perms` prints and sets who may do what", async () => {
  const script = lines("1: store-write data/a one", "1: store-allow data/a 3 read");
  expect((await gntalloc(["store", "perms", `${DATA}/a`, ...script])).stdout).toBe(
    "1:none\towner; others: none\n3:read\n",
  );
  const set = [
    "store",
    "perms",
    `${DATA}/a`,
    "1:none",
    "2:both",
    ...script,
    "--line",
    "start",
    "--line",
    `2: store-read ${DATA}/a`,
  ];
  expect((await gntalloc(set)).stderr).toContain(`2: ${DATA}/a = "one"`);
});
