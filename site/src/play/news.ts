import type { News } from "../protocol.ts";
import { having, isBytes, isFlag, isNumber, isText, listOf, maybe, type Shape } from "./shape.ts";

/** How many of each a domain, or a machine, may have: a million pages fill no screen, but the memory. */
const MOST = 20_000;

const grant = having({
  ...{ gref: isNumber, domid: isNumber, process: maybe(isNumber) },
  ...{ writable: isFlag, held: isFlag, mapped: isFlag, voided: isFlag },
});
const place = having({ domid: isNumber, gref: isNumber });
const mapping = having({ process: isNumber, writable: isFlag, pages: listOf(place, MOST) });
const port = having({
  ...{ port: isNumber, process: maybe(isNumber), domid: maybe(isNumber) },
  ...{ remotePort: maybe(isNumber), virq: maybe(isNumber), voided: isFlag },
});
const domain = having({
  ...{ domid: isNumber, destroyed: isFlag, limit: isNumber, counted: isNumber },
  processes: listOf(having({ process: isNumber, ownPages: isNumber }), MOST),
  grants: listOf(grant, MOST),
  mappings: listOf(mapping, MOST),
  ports: listOf(port, MOST),
  connections: listOf(having({ process: isNumber }), MOST),
});
const frame = having({
  line: maybe(isNumber),
  report: having({ domains: listOf(domain, 100) }),
  pages: listOf(having({ domid: isNumber, gref: isNumber, bytes: maybe(isBytes) }), MOST),
  nodes: listOf(having({ path: isText, value: isText }), MOST),
  sentences: listOf(isText, MOST),
  rung: listOf(having({ domid: isNumber, port: isNumber }), MOST),
});
const failure = having({ text: isText, code: maybe(isText), line: maybe(isNumber) });

const NEWS: Readonly<Record<News["type"], Shape>> = {
  frame: having({ frame, waits: isFlag }),
  print: having({ text: isText, isError: isFlag }),
  world: having({ text: isText }),
  end: having({ failure: maybe(failure) }),
};

/**
 * Whether the page can show what a worker tells. A stranger's program can send what it likes in the worker's name, and
 * its machine can hold more than a page can show.
 */
export function isNews(data: unknown): data is News {
  const type = Object(data).type;
  return typeof type === "string" && Object.hasOwn(NEWS, type) && NEWS[type as News["type"]](data);
}
