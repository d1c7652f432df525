/** A name of the API, as the editor completes and explains it. */
export interface ApiSymbol {
  readonly name: string;
  readonly kind: "class" | "function" | "interface" | "method" | "property" | "type" | "variable";
  /** The class or interface that it belongs to. */
  readonly of?: string;
  /** How it is written, with its parameters and what it returns. */
  readonly signature: string;
  /** The first paragraph of its docs. */
  readonly docs: string;
  /** The class or interface of its value, or of what it returns. */
  readonly gives?: string;
}
