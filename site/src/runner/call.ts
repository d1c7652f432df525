/** A call that a domain has made, as a line of a trace has it. */
export interface Call {
  readonly domid: number;
  readonly part: string;
  readonly call: string;
  readonly [argument: string]: unknown;
}
