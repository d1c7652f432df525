/**
 * What a guest says over a serial console, and what the host makes of it.
 *
 * A console is a poor wire: the kernel and Xen write into the middle of a line, and a line may be lost.
 * So each record carries a number and a checksum, the guest says at the end how many there were, and
 * silence never counts as success:
 *
 * ```text
 * @xen 1 plan "maps a page" ~5e1fa3d0
 * @xen 2 ok "maps a page" ~0c7d1b5e
 * @xen 3 not ok "maps two" # "EINVAL" ~91d2a7c4
 * @xen 4 skip "maps three" # "needs a second domain" ~77a01b3f
 * @xen 5 done ~d8cc20a1
 * @end status=0 taint=0
 * ```
 *
 * A record may be printed any number of times; it is its number that makes it another one.
 */

/** One thing the guest says. */
export type Message =
  | { kind: "plan"; name: string }
  | { kind: "ok"; name: string; detail?: string }
  | { kind: "not ok"; name: string; detail: string }
  | { kind: "skip"; name: string; detail: string }
  | { kind: "done" };

/** What became of a boot. Any entry in `failed` or `problems` makes it a failed one. */
export interface Verdict {
  passed: string[];
  failed: { name: string; error: string }[];
  skipped: { name: string; reason: string }[];
  problems: string[];
}

/** Longer errors are cut: the line has to come through a slow console in one piece. */
const DETAIL_LIMIT = 1500;

/** Nothing between `@xen` and the checksum may hold a `~` or an `@`, so that neither end is ever in doubt. */
const RECORD = /@xen (\d+) (?:(done)|(plan|ok|not ok|skip) ("[^~@]*?")(?: # ("[^~@]*?"))?) ~([0-9a-f]{8})/g;

/** Makes the line, without its newline, of the record with this number (counted from 1). */
export function formatRecord(number: number, record: Message): string {
  let text = `${number} ${record.kind}`;
  if ("name" in record) text += ` ${quote(record.name)}`;
  if ("detail" in record) {
    text += ` # ${quote(record.detail.slice(0, DETAIL_LIMIT))}`;
  }
  return `@xen ${text} ~${checksum(text)}`;
}

/** Finds every whole record in a piece of console output. */
export function parseRecords(
  text: string,
): { number: number; record: Message }[] {
  const found: { number: number; record: Message }[] = [];
  for (const match of text.matchAll(RECORD)) {
    const [whole, number, done, kind, name, detail, sum] = match;
    if (checksum(whole.slice("@xen ".length, -" ~".length - 8)) !== sum) {
      continue;
    }
    const record = {
      kind: done ?? kind,
      ...(name === undefined ? {} : { name: JSON.parse(name) }),
      ...(detail === undefined ? {} : { detail: JSON.parse(detail) }),
    } as Message;
    found.push({ number: Number(number), record });
  }
  return found;
}

/** Judges a whole serial log against the names of the tests that had to run, as the host knows them. */
export function judge(log: string, expected: readonly string[]): Verdict {
  const verdict: Verdict = {
    passed: [],
    failed: [],
    skipped: [],
    problems: [],
  };
  const { problems } = verdict;
  if (expected.length === 0) problems.push("no test was expected");
  for (const name of repeated(expected)) {
    problems.push(`two tests are called ${JSON.stringify(name)}`);
  }

  const records = numbered(log, problems);
  const planned = records.filter((each) => each.kind === "plan");
  for (const { name } of planned) {
    if (!expected.includes(name)) {
      problems.push(`the guest planned ${JSON.stringify(name)}, unexpected`);
    }
  }

  const results = records.filter((each) => each.kind !== "plan" && each.kind !== "done");
  for (const result of results) {
    if (!expected.includes(result.name)) {
      problems.push(
        `the guest reported ${JSON.stringify(result.name)}, unexpected`,
      );
    }
  }
  for (const name of new Set(expected)) {
    const own = results.filter((each) => each.name === name);
    const isPlanned = planned.some((each) => each.name === name);
    if (own.length > 0 && !isPlanned) {
      problems.push(`${JSON.stringify(name)} reported without a plan`);
    }
    if (own.length > 1) {
      problems.push(
        `${JSON.stringify(name)} reported ${own.length} results`,
      );
    }
    // The worst of several, so that a second, happier report hides nothing.
    const result = own.find((each) => each.kind === "not ok") ??
      own.find((each) => each.kind === "skip") ?? own[0];
    if (result === undefined) {
      verdict.failed.push({ name, error: isPlanned ? "did not report" : "was not planned, and did not report" });
    } else if (result.kind === "ok") {
      verdict.passed.push(name);
    } else if (result.kind === "not ok") {
      verdict.failed.push({ name, error: result.detail });
    } else if (result.detail.trim() === "") {
      verdict.failed.push({ name, error: "skipped without a reason" });
    } else {
      verdict.skipped.push({ name, reason: result.detail });
    }
  }

  problems.push(...howItEnded(log), ...complaints(log));
  return verdict;
}

/** Puts the records in order; says what is missing between 1 and `done`, and what contradicts itself. */
function numbered(log: string, problems: string[]): Message[] {
  const byNumber = new Map<number, Message>();
  for (const { number, record } of parseRecords(log)) {
    const known = byNumber.get(number);
    if (known && JSON.stringify(known) !== JSON.stringify(record)) {
      problems.push(`record ${number} came in two versions`);
    }
    byNumber.set(number, known ?? record);
  }
  const numbers = [...byNumber.keys()].sort((a, b) => a - b);
  const records = numbers.map((number) => byNumber.get(number)!);
  const last = numbers.at(-1) ?? 0;
  if (records.at(-1)?.kind !== "done") {
    problems.push("the guest never said that it was done");
  }
  if (records.filter((each) => each.kind === "done").length > 1) {
    problems.push("the guest said twice that it was done");
  }
  for (let number = 1; number <= last; number++) {
    if (!byNumber.has(number)) problems.push(`record ${number} was lost`);
  }
  return records;
}

/** The init script's last words: the exit status of the test program, and the kernel's own account of its health. */
function howItEnded(log: string): string[] {
  const end = /@end status=(\d+) taint=(\d+)/.exec(log);
  if (end === null) return ["the boot did not come to its end"];
  const problems: string[] = [];
  if (end[1] !== "0") {
    problems.push(`the test program ended with status ${end[1]}`);
  }
  // A WARNING or an oops taints the kernel, even where its text was lost on the way to the console.
  if (end[2] !== "0") problems.push(`dom0's kernel is tainted: ${end[2]}`);
  return problems;
}

const COMPLAINTS = [
  /\bBUG:/,
  /\bkernel BUG at\b/,
  /\bWARNING:/,
  /\bOops\b/,
  /\bCall Trace\b/,
  /\bKernel panic\b/,
  /\bgeneral protection fault\b/,
  /\bunable to handle\b/i,
  /\bUBSAN:|\bKASAN:/,
  /\bOut of memory\b/,
  /\bsoft lockup\b|\bhung task\b|\bblocked for more than\b/,
  // Whatever these drivers print at warning level or worse, such as a leaked grant entry.
  /\bxen:(?:grant_table|xen_gnt\w+): /,
  /\(XEN\).*\b(?:grant|gnttab|gref)/i,
  /\(XEN\).*\b(?:panic|crash|fatal|bug|assertion|xen call trace)/i,
];

/** Lines on the console that say the kernel or Xen is not well, whatever the tests think. */
function complaints(log: string): string[] {
  const found: string[] = [];
  for (const line of log.split(/[\r\n]+/)) {
    // A test's own name or error may quote such words.
    const said = line.replace(RECORD, "");
    if (COMPLAINTS.some((pattern) => pattern.test(said))) {
      found.push(`console: ${said.trim()}`);
    }
  }
  return found;
}

function repeated(names: readonly string[]): string[] {
  return [
    ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
  ];
}

/** JSON in printable ASCII alone, without the two characters that bound a record. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -}]|@/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** CRC-32, which sees any single burst of damage up to 32 bits and misses one random line in 2³². */
function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) & 0xff;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
