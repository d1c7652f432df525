/**
 * The protocol by which a guest reports over a serial console, and the judgement of the host.
 *
 * The console is unreliable: the kernel and Xen write into the middle of lines, and lines may be lost. So each record
 * has a number and a checksum, the last one tells how many there were, and silence never counts as success:
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
 * A record may be repeated: records with the same number are one.
 */

/** A record of the guest. */
export type Message =
  | { kind: "plan"; name: string }
  | { kind: "ok"; name: string; detail?: string }
  | { kind: "not ok"; name: string; detail: string }
  | { kind: "skip"; name: string; detail: string }
  | { kind: "done" };

/** The result of a boot. It has failed if there is anything in `failed` or `problems`. */
export interface Verdict {
  passed: string[];
  failed: { name: string; error: string }[];
  skipped: { name: string; reason: string }[];
  problems: string[];
}

/** Lines of a kernel that tests cause on purpose. */
export interface ExpectedLines {
  readonly pattern: RegExp;
  /** How many there must be: exactly, or at least and at most if the kernel limits how often it says it. */
  readonly times: number | readonly [least: number, most: number];
}

/** What else a kernel may complain of in a run, and which complaints it has to make. */
export interface Watched {
  readonly complaint: RegExp;
  readonly expected: readonly ExpectedLines[];
}

/** Longer errors are cut, so that the line gets through a slow console in one piece. */
const DETAIL_LIMIT = 1500;

/** There is no `~` and no `@` between `@xen` and the checksum, so that both ends are certain. */
const RECORD = /@xen (\d+) (?:(done)|(plan|ok|not ok|skip) ("[^~@]*?")(?: # ("[^~@]*?"))?) ~([0-9a-f]{8})/g;

/** Returns the line of a record, without a newline. Numbers count from 1. */
export function formatRecord(number: number, record: Message): string {
  let text = `${number} ${record.kind}`;
  if ("name" in record) text += ` ${quote(record.name)}`;
  if ("detail" in record) {
    text += ` # ${quote(record.detail.slice(0, DETAIL_LIMIT))}`;
  }
  return `@xen ${text} ~${checksum(text)}`;
}

/** Finds the complete records in a piece of console output. */
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

/** Judges a serial log by the names of the tests that had to run. */
export function judge(log: string, expected: readonly string[], watched?: Watched): Verdict {
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
    // The worst of several results, so that a later success hides nothing.
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

  problems.push(...howItEnded(log), ...complaints(log, watched));
  return verdict;
}

/** Sorts the records, and reports those that are missing up to `done`, and contradictions. */
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

/** The last line of the init script: the exit code of the test program, and whether the kernel is tainted. */
function howItEnded(log: string): string[] {
  const end = /@end status=(\d+) taint=(\d+)/.exec(log);
  if (end === null) return ["the boot did not come to its end"];
  const problems: string[] = [];
  if (end[1] !== "0") {
    problems.push(`the test program ended with status ${end[1]}`);
  }
  // A WARNING or an oops taints the kernel, even if its text was lost on the way to the console.
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
  // Anything that these drivers print at warning level or worse, such as a leaked grant entry.
  /\bxen:(?:grant_table|xen_gnt\w+): /,
  // On aarch64, Xen says where the grant table of dom0 is.
  /\(XEN\)(?! Grant table range: 0x[0-9a-f]+-0x[0-9a-f]+\s*$).*\b(?:grant|gnttab|gref)/i,
  /\(XEN\).*\b(?:panic|crash|fatal|bug|assertion|xen call trace)/i,
];

/** Returns the lines of the console in which the kernel or Xen reports trouble, unless they are expected. */
function complaints(log: string, watched: Watched | undefined): string[] {
  const patterns = watched ? [...COMPLAINTS, watched.complaint] : COMPLAINTS;
  // The name or the error of a test may quote such words.
  let found = log.split(/[\r\n]+/).map((line) => line.replace(RECORD, ""))
    .filter((said) => patterns.some((pattern) => pattern.test(said)));
  const problems: string[] = [];
  for (const { pattern, times } of watched?.expected ?? []) {
    const others = found.filter((said) => !pattern.test(said));
    const count = found.length - others.length;
    const [least, most] = typeof times === "number" ? [times, times] : times;
    if (count < least || count > most) {
      problems.push(
        `console: ${count} lines like ${pattern}, and not ${least === most ? least : `${least} to ${most}`}`,
      );
    }
    found = others;
  }
  return [...problems, ...found.map((said) => `console: ${said.trim()}`)];
}

function repeated(names: readonly string[]): string[] {
  return [
    ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
  ];
}

/** Returns JSON in printable ASCII, without the two characters that bound a record. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -}]|@/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Returns the CRC-32. It detects every burst of damage up to 32 bits, and misses one random line in 2³². */
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
