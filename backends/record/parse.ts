import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { show as showKind } from "../../src/contract/checks.ts";
import { HEADER, type Trace, TRACE_VERSION, TraceError } from "./trace.ts";
import type { TraceCall } from "./trace_calls.ts";
import { CALLS, type Fields, TEXT } from "./trace_schema.ts";

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function check(line: number, fields: Record<string, unknown>, kinds: Fields, optional = false): void {
  for (const [name, kind] of Object.entries(kinds)) {
    const value = fields[name];
    if (kind.is(value) || (optional && value === undefined)) continue;
    throw new TraceError(line, `\`${name}\` must be ${kind.what}: current value is ${show(value)}`);
  }
}

/** The error for a trace without a header, which is often the path of a file instead of its text. */
function noHeader(line: number, text?: string, last = false): TraceError {
  const current = text === undefined ? "" : `: current text is ${show(text)}`;
  const isPath = last && !text?.trimStart().startsWith("{");
  const hint = isPath ? ". This looks like a path: pass the text of the file" : "";
  return new TraceError(line, `there must be a header, \`${HEADER}\`${current}${hint}`);
}

function checkHeader(line: number, fields: Record<string, unknown>): void {
  const { trace, version } = fields;
  if (trace !== "gntalloc") {
    throw new TraceError(
      line,
      `\`trace\` must be "gntalloc", because the first line must be the header: current value is ${show(trace)}`,
    );
  }
  if (version !== TRACE_VERSION) {
    throw new TraceError(line, `\`version\` must be ${TRACE_VERSION}: current value is ${show(version)}`);
  }
}

function checkCall(line: number, fields: Record<string, unknown>): TraceCall {
  if (fields.call === "mark") {
    check(line, fields, { name: TEXT });
    return { ...fields, line } as unknown as TraceCall;
  }
  const { part, call, error } = fields;
  const shape = Object.hasOwn(CALLS, `${part} ${call}`) ? CALLS[`${part} ${call}`] : undefined;
  if (!shape) {
    throw new TraceError(
      line,
      `\`part\` and \`call\` must name a known call: current values are ${show(part)} and ${show(call)}`,
    );
  }
  const [args, optional = {}, answer = {}] = shape;
  check(line, fields, args);
  check(line, fields, optional, true);
  if (error === undefined) check(line, fields, answer);
  else if (error === null || !TEXT.is((error as { code?: unknown }).code)) {
    throw new TraceError(line, `\`error\` must have a \`code\`: current value is ${show(error)}`);
  }
  checkRun(line, fields);
  checkGrefs(line, fields);
  return { ...fields, line } as unknown as TraceCall;
}

function checkRun(line: number, { page, count }: Record<string, unknown>): void {
  if (page === undefined || count === undefined) return;
  // Larger numbers are not exact: two pages could have the same index.
  if ((page as number) + (count as number) <= Number.MAX_SAFE_INTEGER) return;
  throw new TraceError(
    line,
    `\`page\` + \`count\` must be at most ${Number.MAX_SAFE_INTEGER}: current values are ${page} and ${count}`,
  );
}

function checkGrefs(line: number, { call, count, domid, grefs }: Record<string, unknown>): void {
  if (!Array.isArray(grefs)) return;
  if (Array.isArray(domid) && domid.length !== grefs.length) {
    throw new TraceError(
      line,
      `the length of \`domid\` must be that of \`grefs\`, ${grefs.length}: current value is ${domid.length}`,
    );
  }
  const valid = call === "grant"
    ? grefs.length <= (count as number)
    : call === "map"
    ? grefs.length > 0
    : grefs.length === count;
  if (!valid) {
    const wanted = call === "grant" ? `at most ${count}` : call === "map" ? "at least 1" : count;
    throw new TraceError(line, `the length of \`grefs\` must be ${wanted}: current value is ${grefs.length}`);
  }
}

/** The lines of a trace. */
function linesOf(trace: unknown): string[] {
  if (typeof trace === "string") return trace.split("\n");
  const lines = (Object(trace) as Partial<Iterable<unknown>>)[Symbol.iterator];
  // What a file contains is often passed as bytes, which can be iterated over too.
  if (typeof lines !== "function" || ArrayBuffer.isView(trace)) {
    throw new ArgumentTypeError(
      `Cannot read a trace as it must be a string or an iterable of strings: current value is ${showKind(trace)}`,
    );
  }
  return Array.from(trace as Iterable<unknown>, (line, index) => {
    if (typeof line === "string") return line;
    throw new ArgumentTypeError(
      `Cannot read a trace as its line ${index + 1} must be a string: current value is ${showKind(line)}`,
    );
  });
}

/**
 * Reads a trace. Skips blank lines and unknown fields, and leaves out an incomplete last line, which is left if the
 * program was stopped while it wrote.
 *
 * @param trace The text of a trace, or its lines.
 * @throws {TraceError} that names the first line that cannot be read.
 * @throws {TypeError} if the trace is neither a text nor lines.
 *
 * @example Write a trace by hand, and read it
 * ```ts
 * import { parseTrace } from "@gntalloc/gntalloc/record";
 * import assert from "node:assert/strict";
 *
 * const { calls, cut } = parseTrace(`
 *   {"trace":"gntalloc","version":1}
 *   {"part":"grants","call":"open","file":1}
 *   {"part":"grants","call":"close","fi`);
 * assert.equal(calls.length, 1);
 * assert.equal(cut, true);
 * ```
 */
export function parseTrace(trace: string | Iterable<string>): Trace {
  const lines = linesOf(trace);
  const calls: TraceCall[] = [];
  let begun = false;
  for (const [index, text] of lines.entries()) {
    if (text.trim() === "") continue;
    const line = index + 1;
    let fields: unknown;
    let reason = "";
    try {
      fields = JSON.parse(text);
    } catch (error) {
      // When a text is split, an empty string follows a complete last line. So this line is incomplete.
      const last = line === lines.length;
      if (last && (begun || HEADER.startsWith(text.trimStart()))) return { calls, cut: true };
      if (!begun) throw noHeader(line, text, last);
      reason = ` (${(error as SyntaxError).message})`;
    }
    if (typeof fields !== "object" || fields === null) {
      throw new TraceError(line, `there must be a JSON object: current text is ${show(text)}${reason}`);
    }
    if (begun && "trace" in fields) {
      throw new TraceError(
        line,
        "another trace begins: two recordings were written to one file. Split it",
      );
    }
    if (begun) calls.push(checkCall(line, fields as Record<string, unknown>));
    else checkHeader(line, fields as Record<string, unknown>);
    begun = true;
  }
  if (!begun) throw noHeader(1);
  return { calls, cut: false };
}
