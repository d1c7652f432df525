import type { Call } from "./call.ts";

type Words = (call: Record<string, unknown>) => string | undefined;

/** What the calls that change something mean. The others are not told. */
const SENTENCES: Readonly<Record<string, Words>> = {
  "grants.grant": ({ of, grefs, writable }) =>
    `grants ${pages(grefs)} to domain ${of}${writable ? ", for reading and writing" : ""}`,
  "grants.map": ({ gref, count }) => `maps its own ${count === 1 ? `page ${gref}` : `${count} pages from ${gref} on`}`,
  "grants.unmap": () => "unmaps pages of its own",
  "grants.endAccess": ({ grefs }) => `ends the grant of ${pages(grefs)}`,
  "maps.map": ({ of, grefs, writable }) =>
    `maps ${pages(grefs)} of domain ${of}${writable ? ", for reading and writing" : ""}`,
  "maps.unmap": () => "unmaps pages of another domain",
  "maps.copy": () => "has bytes copied by Xen, and maps nothing",
  "events.bindUnbound": ({ of, port }) => `binds port ${port} for domain ${of}`,
  "events.bindInterdomain": ({ of, port, remotePort }) => `binds port ${port} to port ${remotePort} of domain ${of}`,
  "events.notify": ({ port }) => `sends an event through port ${port}`,
  "events.pending": ({ ports }) => (ports as unknown[]).length === 0 ? undefined : `takes an event of port ${ports}`,
  "events.unbind": ({ port }) => `unbinds port ${port}`,
  "store.open": () => "connects to XenStore",
  "store.close": () => "disconnects from XenStore",
  "store.send": ({ message }) => request(message as Message),
};

interface Message {
  readonly type: string;
  readonly strings?: readonly string[];
}

const REQUESTS: Readonly<Record<string, (strings: readonly string[]) => string | undefined>> = {
  WRITE: ([path, value]) => `writes “${value}” to ${path}`,
  MKDIR: ([path]) => `makes the node ${path}`,
  RM: ([path]) => `removes ${path}`,
  WATCH: ([path]) => `watches ${path}`,
  SET_PERMS: ([path]) => `says who may use ${path}`,
};

function request({ type, strings = [] }: Message): string | undefined {
  return REQUESTS[type]?.(strings);
}

function pages(grefs: unknown): string {
  const list = grefs as readonly number[];
  if (list.length === 0) return "no page";
  const [first, last] = [list[0]!, list.at(-1)!];
  if (list.length === 1) return `page ${first}`;
  return last - first === list.length - 1 ? `pages ${first} to ${last}` : `pages ${list.join(", ")}`;
}

/** Says what a call did, or that it failed; nothing if it changed nothing. */
export function sentence(call: Call): string | undefined {
  const name = `${call.part}.${call.call}`;
  if (call["error"] !== undefined) {
    const { message } = call["error"] as { message: string };
    return `Domain ${call.domid}: ${call.call} fails. ${message}`;
  }
  const words = SENTENCES[name]?.(call);
  return words === undefined ? undefined : `Domain ${call.domid} ${words}.`;
}
