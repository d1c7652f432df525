/** `vchan`, on a simulated Xen. */
import { expect, test } from "vitest";
import { run } from "../../scripts/exec.ts";
import { DENO, gntalloc, lines, start } from "./cli.ts";

test("`connect` passes the input and the output through", async () => {
  const script = lines(
    "1: vchan-listen s 0 chat",
    "start",
    "1: vchan-receive s",
    "1: vchan-send s answer",
    "1: vchan-close s",
  );
  const { code, stdout, stderr } = await gntalloc(["vchan", "connect", "1", "chat", ...script], { input: "question" });
  expect(stdout).toBe("answer");
  expect(stderr).toContain('1: receives "question" on s');
  expect(code).toBe(0);
});

test("the example of `connect` on a simulated Xen ends, also with an input that does not", async () => {
  const { stdout: help } = await gntalloc(["vchan", "connect", "--help"]);
  const [, example] = /^ {2}gntalloc (.* --line .*)$/m.exec(help)!;
  const program = [Deno.execPath(), ...DENO].map((word) => `'${word}'`).join(" ");
  // Whoever opens a pipe for both directions never sees its end.
  const command = `pipe=$(mktemp -u); mkfifo "$pipe"; exec 0<>"$pipe"; rm "$pipe"; timeout 30 ${program} ${example}`;
  expect(await run("sh", ["-c", command])).toMatchObject({ code: 0, stdout: "hello" });
});

test("`listen` waits for its client; with --close, the end of the input closes", async () => {
  const script = lines("start", "0: vchan-connect c 1 chat", "0: vchan-receive c", "0: vchan-receive c");
  const { code, stderr } = await gntalloc(["vchan", "listen", "0", "chat", "--close", ...script], { input: "hello" });
  expect(stderr).toContain("waiting for domain 0 at /local/domain/1/data/vchan/0/chat\n");
  expect(stderr).toContain('0: receives "hello" on c');
  expect(stderr).toContain("0: receives the end on c");
  expect(code).toBe(0);
});

test("`connect` gives up after --timeout", async () => {
  const { code, stderr } = await gntalloc([
    "vchan",
    "connect",
    "1",
    "chat",
    "--timeout",
    "50ms",
    ...lines("1: sleep 0ms"),
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^gntalloc: vchan:timed-out: [^\n]* More: gntalloc explain vchan:timed-out\n$/);
});

test("`listen` ends on SIGTERM while it waits", async () => {
  const program = start(["vchan", "listen", "0", "chat", ...lines("start", "0: sleep 60s")]);
  await program.until("waiting for domain 0");
  program.kill("SIGTERM");
  expect((await program.ended).code).toBe(143);
});

test.each([
  ["connect", "1", "--line '1: vchan-listen s 0 chat'"],
  ["listen", "0", "--line 'start' --line '0: vchan-connect c 1 chat'"],
])("`%s` refuses to wait where nobody can come", async (command, other, example) => {
  const { code, stderr } = await gntalloc(["vchan", command, other, "chat", "--mock"]);
  expect(stderr).toMatch(/^gntalloc: usage: Cannot \w+ [^\n]* as there is nobody else on this simulated Xen\. /);
  expect(stderr).toContain(example);
  expect(code).toBe(2);
});
