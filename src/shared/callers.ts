/** What V8 adds to `Error`, and other engines in part. */
export const stacks = Error as {
  captureStackTrace?: (target: object, callee: unknown) => void;
  stackTraceLimit?: number;
};

/**
 * Adds the current call stack to an error that was thrown so deep inside of a backend that its own stack ends before
 * the code that called the library: engines keep 10 frames.
 *
 * Does nothing where engines have no `Error.captureStackTrace`, or if the stack of the error is complete.
 */
export function addCallers(error: Error): void {
  try {
    append(error);
  } catch {
    // A backend's error may be frozen. It matters more than its stack.
  }
}

function append(error: Error): void {
  const { captureStackTrace, stackTraceLimit = 10 } = stacks;
  const { stack } = error;
  if (typeof captureStackTrace !== "function" || typeof stack !== "string") return;
  const inner = stack.split("\n");
  if (inner.filter(isFrame).length < stackTraceLimit) return;
  const here = { stack: "" };
  captureStackTrace(here, addCallers);
  const outer = here.stack.split("\n").filter(isFrame);
  // Where both have the same frame, the second continues the first.
  const shared = outer.indexOf(inner.at(-1)!);
  error.stack = [...inner, ...outer.slice(shared + 1)].join("\n");
}

function isFrame(line: string): boolean {
  return line.startsWith("    at ");
}
