import { StoreError } from "../contract/store_errors.ts";
import { StoreMessage } from "../contract/store_wire.ts";
import { reasonOf } from "../shared/signal.ts";
import type { Connection } from "./connection.ts";
import { Garbage } from "./garbage.ts";
import { wordsOf } from "./replies.ts";
import type { Scope } from "./scope.ts";
import { describe, type Subject } from "./subject.ts";

/** How often a list is read again because it changed in the meantime. */
const ATTEMPTS = 16;
/** The most bytes of a list. Domain 0 may have folders that are larger than the quotas of others. */
const LONGEST = 2 ** 22;

/** A part of a list. */
interface Part {
  /** The generation of the folder: it changes when a name comes or goes. */
  readonly generation: string;
  readonly names: readonly string[];
  readonly isLast: boolean;
  /** How many bytes of the list the part has. */
  readonly size: number;
}

/**
 * Lists a folder in parts, as its names do not fit into one reply.
 *
 * @throws {StoreError} `unsupported` if the daemon cannot do it; `conflict` if the list changes all the time; or as any
 * request.
 */
export async function listParts(
  connection: Connection,
  scope: Scope,
  path: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const subject = { operation: "list", path } as const;
  const ask = (offset: number): Promise<Part> => {
    for (const given of [signal, scope.signal]) if (given?.aborted) throw reasonOf(given);
    scope.check?.("list", path);
    connection.begin().path("list", path).word(String(offset));
    const { transaction, signal: common } = scope;
    return connection.request(StoreMessage.DIRECTORY_PART, transaction, "list", path, toPart, signal, common).promise;
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const names = await listOnce(ask, subject);
    if (names !== undefined) return names;
  }
  throw new StoreError(
    `Cannot ${describe(subject)}: its list changed while it was read, ${ATTEMPTS} times. Try again when fewer nodes ` +
      "come and go.",
    { code: "conflict", ...subject },
  );
}

/** Asks for one part after the other. Returns `undefined` if the list changed in between. */
async function listOnce(ask: (offset: number) => Promise<Part>, subject: Subject): Promise<string[] | undefined> {
  const names: string[] = [];
  let generation: string | undefined;
  for (let offset = 0; offset <= LONGEST;) {
    const part = await ask(offset);
    if (part.generation !== (generation ??= part.generation)) return undefined;
    for (const name of part.names) names.push(name);
    if (part.isLast) return names;
    offset += part.size;
  }
  const { operation, path } = subject;
  throw new StoreError(
    `Cannot ${describe(subject)}: its list has more than ${LONGEST} bytes. Put fewer nodes into one folder.`,
    { code: "refused", operation, path },
  );
}

function toPart(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Part {
  const [generation, ...names] = wordsOf(bytes, start, end);
  if (generation === undefined) throw new Garbage("a part of a list that has no generation");
  const isLast = names.at(-1) === "";
  if (isLast) names.pop();
  // Without names and without an end, asking for the next part would go on for ever.
  else if (names.length === 0) throw new Garbage("a part of a list that is empty, and not the last one");
  return { generation, names, isLast, size: names.reduce((sum, { length }) => sum + length + 1, 0) };
}
