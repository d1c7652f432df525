import { GrantError } from "../../src/contract/errors.ts";
import type { Call, CallNamed } from "../intercept/calls.ts";
import type { Interceptor } from "../intercept/intercept.ts";
import { MessageCutter } from "../intercept/message_cutter.ts";
import { tracedAnswer, tracedArguments, tracedName, tracedOutcome } from "./recorded_call.ts";
import type { TracedMessage } from "./trace_calls.ts";
import { tracedError } from "./trace_values.ts";
import type { TraceWriter } from "./trace_writer.ts";
import { tracedMessage } from "./traced_message.ts";

/** Writes a line for each call, and gives numbers to files and mappings. */
export class CallRecorder {
  readonly #writer: TraceWriter;
  #files = 0;
  #mappings = 0;
  /** The numbers of files and mappings, by the calls that opened and mapped them. */
  readonly #numbers = new WeakMap<Call, number>();
  /** What cuts the bytes of a connection to XenStore into messages, by the calls that opened them. */
  readonly #cutters = new WeakMap<Call, MessageCutter>();
  /** The domain that grants pages, once one does. */
  #granter: number | undefined;

  constructor(writer: TraceWriter) {
    this.#writer = writer;
  }

  /**
   * Makes an interceptor that records the calls of a domain.
   *
   * @param domain Its index in the trace.
   */
  of(domain: number): Interceptor {
    return (call, proceed) => {
      // This only registers a callback. What the library does when it is called back is recorded.
      if (call.name === "GrantFile.onRelease") return proceed();
      if (call.name === "GrantBackend.open") this.#checkGranter(domain);
      const answer = this.#record(call, domain, proceed);
      if (call.name === "GrantBackend.open") this.#granter ??= domain;
      return answer;
    };
  }

  #checkGranter(domain: number): void {
    if (this.#granter === undefined || this.#granter === domain) return;
    throw new GrantError(
      `Cannot record the pages of two domains: a trace cannot tell their references apart, and domain ` +
        `${this.#granter} of this one grants pages already. Record domain ${domain} with another Recorder.`,
      { code: "unsupported", operation: "open" },
    );
  }

  #record<T>(call: Call, domain: number, proceed: () => T): T {
    const line = { part: call.part, call: tracedName(call), ...this.#where(call, domain), ...tracedArguments(call) };
    let answer: T;
    try {
      answer = proceed();
    } catch (error) {
      const traced = () => ({ ...line, ...tracedOutcome(call), error: tracedError(error, call.backend.name) });
      this.#writer.line(() => JSON.stringify(traced()));
      throw error;
    }
    const messages = call.name === "StoreConnection.receive" ? this.#received(call, answer) : undefined;
    // A part of a message says nothing: the line of the rest has all of it.
    if (messages?.length === 0) return answer;
    this.#writer.line(() => {
      const numbers = this.#numberFor(call);
      return JSON.stringify({
        ...line,
        ...tracedOutcome(call),
        ...numbers,
        ...(messages ? { messages } : tracedAnswer(call, answer)),
      });
    });
    return answer;
  }

  /** The messages that are complete with the bytes that a call took. */
  #received({ from, args: { bytes } }: CallNamed<"StoreConnection.receive">, count: unknown): TracedMessage[] {
    let cutter = this.#cutters.get(from!);
    if (!cutter) this.#cutters.set(from!, cutter = new MessageCutter());
    const isCount = Number.isInteger(count) && (count as number) > 0;
    return isCount ? cutter.add(bytes.subarray(0, count as number)).map(tracedMessage) : [];
  }

  /** What a line is about: a domain other than the first, a file or a mapping. */
  #where({ from }: Call, domain: number): object {
    if (!from) return domain === 0 ? {} : { domain };
    return { [from.method === "map" ? "mapping" : "file"]: this.#numbers.get(from) };
  }

  /** The number of what a call opened or mapped. */
  #numberFor(call: Call): object {
    if (call.method === "open") {
      this.#numbers.set(call, ++this.#files);
      return { file: this.#files };
    }
    if (call.method === "map") {
      this.#numbers.set(call, ++this.#mappings);
      return { mapping: this.#mappings };
    }
    return {};
  }
}
