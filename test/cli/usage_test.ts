/** The command line itself: help, wrong arguments, exit codes. */
import { describe, expect, test } from "vitest";
import { gntalloc, lines } from "./cli.ts";

/** All commands. */
const COMMANDS = [
  ...["share", "map", "copy", "run"],
  ...["store ls", "store read", "store write", "store rm", "store watch", "store perms"],
  ...["vchan listen", "vchan connect"],
  ...["inspect", "top", "trace record", "trace replay", "trace diff"],
  ...["doctor", "explain", "completions"],
];

/** Those whose help has no example: their arguments say all. */
const PLAIN = ["store read", "store write", "store rm"];

/** The commands that a help lists. */
const listed = (help: string) =>
  [.../^Commands:\n((?: {2}.*\n)+)/m.exec(help)![1]!.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);

test("--help lists the commands, the exit codes and examples", async () => {
  const { code, stdout } = await gntalloc(["--help"]);
  expect(code).toBe(0);
  expect(listed(stdout)).toEqual([...new Set(COMMANDS.map((command) => command.split(" ")[0])), "help"]);
  expect(stdout).toContain("Exit codes: 0 ");
  expect(stdout).toContain("Examples:");
});

test("--version prints the version", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../cli/deno.json", import.meta.url)));
  expect(await gntalloc(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  const library = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  expect(library.version, "the command line depends on the library of the same version").toBe(version);
});

test.each(["store", "vchan", "trace"])("%s --help lists its commands", async (group) => {
  const own = COMMANDS.filter((command) => command.startsWith(`${group} `)).map((command) => command.split(" ")[1]);
  expect(listed((await gntalloc([group, "--help"])).stdout)).toEqual([...own, "help"]);
});

test.each(COMMANDS)("%s --help says what it is for, with examples", async (command) => {
  const { code, stdout } = await gntalloc([...command.split(" "), "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: gntalloc ${command} .*\n\n[A-Z]`));
  if (!PLAIN.includes(command)) expect(stdout).toContain("Examples:\n  ");
});

test.each([
  [["help"], ["--help"]],
  [["help", "share"], ["share", "--help"]],
  [["help", "store", "ls"], ["store", "ls", "--help"]],
  [["store", "help", "ls"], ["store", "ls", "--help"]],
  [["trace", "help"], ["trace", "--help"]],
])("%j prints what %j does", async (words, options) => {
  const { code, stdout } = await gntalloc(words);
  expect(code).toBe(0);
  expect(stdout).toBe((await gntalloc(options)).stdout);
});

describe("a wrong command line ends with 2, and one line that says what is wrong", () => {
  test.each([
    [["nope"], "unknown command 'nope'"],
    [["shrae"], "Did you mean share?"],
    [["\u001b[2J"], "unknown command '\\x1b[2J'"],
    [["help", "nope"], "unknown command 'nope'"],
    [["help", "shrae"], "unknown command 'shrae' (Did you mean share?)"],
    [["help", "store", "wath"], "unknown command 'wath' (Did you mean watch?)"],
    [["store", "help", "--svg"], "unknown option '--svg'"],
    [["help", "share", "pages"], "'share' has no commands: leave out 'pages'"],
    [["share"], "required option '--to <domid>' not specified"],
    [["share", "--to", "0", "--colour"], "unknown option '--colour'"],
    [
      ["share", "--to", "32752", "--mock"],
      'Cannot use --to as it must be a whole number from 0 to 32751: current value is "32752"',
    ],
    [
      ["share", "--to", "0", "--for", "soon", "--mock"],
      "Cannot use --for as it must be a time such as 500ms, 10s or 2m",
    ],
    [
      ["share", "--to", "0", "--for", "1000h", "--mock"],
      "Cannot use --for as it must be at most 596h: current value is",
    ],
    [["map", "1", "8", "--watch", "--every", "1000h", "--mock"], "Cannot use --every as it must be at most 596h"],
    [["store", "watch", "/", "--for", "2147483648ms", "--mock"], "Cannot use --for as it must be at most 596h"],
    [["share", "--to", "0", "--as", "3"], "Cannot use --as without --mock"],
    [["share", "--to", "0", "--name", "a/b", "--mock"], "Cannot use the name"],
    [["share", "--to", "0", "--fill", "@/nowhere", "--mock"], "Cannot read /nowhere"],
    [["map", "1"], "missing required argument 'what'"],
    [["map", "1", "9-8", "--mock"], "9-8 is no range of references"],
    [["map", "1", "0-99999999", "--mock"], "as 0-99999999 makes them more than 1048576. Use fewer at once."],
    [["map", "1", "4294967296", "--mock"], "as 4294967296 has one above 4294967295, the highest."],
    [
      ["share", "--to", "0", "--fill", "@/dev/zero", "--mock"],
      "Cannot write 4097 bytes at offset 0: the pages have 4096",
    ],
    [["share", "--to", "0", "--fill", `@${import.meta.filename}`, "--mock"], "Cannot write 4097 bytes at offset 0"],
    [["store", "write", "data/x", "@/dev/zero", "--mock"], "current value is 4097 bytes"],
    [["map", "1", "8", "--write", "0=@/dev/zero", "--mock"], "Cannot read /dev/zero: it has more than 256 MiB."],
    [["inspect", "/dev/zero"], "Cannot read /dev/zero: it has more than 256 MiB."],
    [["run", "/dev/zero", "--mock"], "Cannot read the script: it has more than 256 MiB."],
    [["explain", "closed", "extra"], "but got 2: closed, extra. More: gntalloc --help"],
    [["inspect", "a", "--svg", "--html"], "'--svg' cannot be used with option '--html'"],
    [["inspect", "a", "--html", "--json"], "'--html' cannot be used with option '--json'"],
    [["inspect", "a", "--width", "400"], "Cannot use --width without a picture: add --svg or --html."],
    [["inspect", "--mock", "--title", "A", "--json"], "Cannot use --title without a picture"],
    [["inspect", "--mock", "--theme", "auto"], "Cannot use --theme without a picture"],
    [["inspect", "--mock", "--svg", "--theme", "blue"], "Allowed choices are auto, light, dark"],
    [["run", "--mock", "--side", "1"], "'--side <domid>' cannot be used with option '--mock'"],
    [["copy", "1", "8", "--write", "X", "--length", "2"], "'--write <text>' cannot be used with option '--length <n>'"],
    [
      ["map", "1", "8", "ring", "--mock"],
      'they must be references such as 8-11,14, or one name: current value is "8 ring"',
    ],
    [["copy", "1", "8x", "--mock"], 'or one name: current value is "8x"'],
    [["map", "1", "8", "--write", "x", "--mock"], "the value must be OFFSET=TEXT"],
    [["map", "0", "8", "--script", "/nowhere"], "Cannot read the script"],
    [["run"], "Cannot run a script as there is none"],
    [["store", "perms", "a", "1=read", "--mock"], "each must be DOMID:ACCESS"],
    [["store", "perms", "a", "1:all", "--mock"], "must be none, read, write or both"],
    [["vchan", "listen", "x", "chat", "--mock"], "Cannot use CLIENT"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await gntalloc(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^gntalloc: usage: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

describe("a wrong script ends with 2, and names the line", () => {
  test.each([
    ["1: dance", 'there is no verb "dance"'],
    ["share a --to 0", "it names no domain"],
    ["1: share", "an argument is missing. Usage: share NAME --to DOMID"],
    ["1: write a", "2 arguments are missing. Usage: write NAME OFFSET TEXT"],
    ["1: share a --to 0 --pages 0", "--pages as it must be a whole number from 1 to"],
    ["1: bind \u001b[2J 0", 'a letter first: current value is "\\x1b[2J"'],
    ["1: share a b --to 0", "an argument is too many"],
    ["1: share a --to", "Cannot run it as --to needs a value. Usage: share"],
    ["1: share a --to 0 --writable=x", "Cannot run it as --writable takes no value. Usage: share"],
    ['1: store-write a "\\x1b"', 'Cannot read \\x in quotes: there are only \\n, \\t, \\0, \\" and \\\\.'],
    ["1: share a", "--to is missing"],
    ["1: share a --to 0 --colour", "Cannot run it as there is no option --colour. Usage: share"],
    ["1: free a", 'Cannot use "a" of domain 1 as pages of `allocate` or pages of `share`: nothing has that name.'],
    ["1: map a 0 8x", 'or one name: current value is "8x"'],
    ["1: sleep 1000h", "Cannot use the time as it must be at most 596h"],
    ['1: share "a', "a quote is not closed"],
    ["1:", "it has no verb"],
    ["x: free a", "must be a whole number"],
    ["1: vchan-send a @/dev/zero", "Cannot read /dev/zero: it has more than 256 MiB."],
    ["1: start", "`start` is for scripts that play the other side of a command"],
  ])("%s", async (line, message) => {
    const { code, stderr } = await gntalloc(["run", "--mock", ...lines("# nothing", line)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^gntalloc: usage: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});
