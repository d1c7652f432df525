/**
 * Chooses random steps. Most succeed, and many are wrong in one way.
 *
 * @module
 */
import {
  anyOf,
  byteOf,
  type Choice,
  openFile,
  openFiles,
  pageLike,
  pageToNotify,
  placeToRead,
  placeToWrite,
  run,
} from "./pick.ts";
import type { Op, Step } from "./trace.ts";

/** Chooses a step of one kind. Returns `undefined` if none makes sense now. */
type Choose = (choice: Choice) => Step | undefined;

/** Ports that are never bound, in a domain that binds none: the first is no port, the last is the highest. */
const UNBOUND_PORTS = [0, 9999, 131_071];
/** A domain that does not exist, and the highest domid. */
const OTHER_DOMAINS = [5, 0x7fef];
/** References that Xen reserves, and references beyond the end of a table of 64 frames. */
const UNKNOWN_GREFS = [0, 1, 7, 32_768, 40_000, 0xffff_ffff];
/**
 * A few more pages than a table has references. With many more, some kernels, such as Debian's 6.1.176, allocate memory
 * for the references before they check the limit, warn in their log and answer ENOMEM. Others, such as 6.1.192, answer
 * ENOSPC.
 */
const TOO_MANY_PAGES = 65_536;
const MOST_FILES = 4;

function pagesToAllocate({ random, forecast, small }: Choice): number {
  const { room } = forecast;
  if (small && random.chance(80)) return random.between(1, 2);
  switch (random.weighted({ few: 50, some: 20, many: 12, none: 4, all: 5, over: 6, huge: 3 })) {
    case "few":
      return random.between(1, 4);
    case "some":
      return random.between(5, 16);
    case "many":
      return random.between(17, 64);
    case "none":
      return 0;
    case "all":
      return Math.max(1, Math.min(64, room));
    case "over":
      return Math.max(1, Math.min(64, room) + random.between(1, 2));
    case "huge":
      return TOO_MANY_PAGES;
  }
}

/** The choosers, by kind of step. */
export const CHOOSE: Readonly<Record<Op, Choose>> = {
  limit({ random, forecast: { live } }) {
    const around = Math.max(0, live + random.between(-8, 8));
    const kind = random.weighted({ around: 25, roomy: 55, none: 8, off: 12 });
    const pages = { around, roomy: random.between(32, 200), none: 0, off: random.pick([-1, -1000]) }[kind];
    return { op: "limit", pages };
  },
  open(choice) {
    return openFiles(choice).length < MOST_FILES ? { op: "open", file: choice.fresh } : undefined;
  },
  close(choice) {
    const file = anyOf(choice, openFiles(choice));
    return file && { op: "close", file: file.number };
  },
  allocate(choice) {
    const { random, fresh } = choice;
    const file = anyOf(choice, openFiles(choice));
    if (!file) return undefined;
    const pages = pagesToAllocate(choice);
    const domid = random.chance(92) ? 0 : random.pick(OTHER_DOMAINS);
    return { op: "allocate", file: file.number, allocation: fresh, pages, domid, writable: random.chance(70) };
  },
  free(choice) {
    const file = openFile(choice);
    return file && { op: "free", file: file.number, ...run(choice, file) };
  },
  map(choice) {
    const { random, fresh } = choice;
    const file = openFile(choice);
    if (!file) return undefined;
    return { op: "map", file: file.number, mapping: fresh, ...run(choice, file), writable: random.chance(80) };
  },
  unmap(choice) {
    const mapping = anyOf(choice, choice.forecast.mappings.values());
    return mapping && { op: "unmap", mapping: mapping.number };
  },
  notify(choice) {
    const { random } = choice;
    const file = openFile(choice);
    if (!file) return undefined;
    const step = { op: "notify", file: file.number, page: pageToNotify(choice, file) } as const;
    const page = file.pages[step.page];
    switch (random.weighted({ clear: 60, cancel: 16, event: 10, both: 14 })) {
      case "clear":
        return { ...step, clearByte: byteOf(choice, page) };
      case "cancel":
        return step;
      case "event":
        return { ...step, eventPort: random.pick(UNBOUND_PORTS) };
      case "both":
        return { ...step, clearByte: byteOf(choice, page), eventPort: random.pick(UNBOUND_PORTS) };
    }
  },
  read(choice) {
    const place = placeToRead(choice, choice.forecast.mappings.values());
    return place && { op: "read", mapping: place.number, page: place.page };
  },
  write(choice) {
    const { random, forecast } = choice;
    const place = placeToWrite(choice, forecast.mappings.values());
    return place && { op: "write", mapping: place.number, offset: place.offset, byte: random.between(1, 255) };
  },
  peerMap(choice) {
    const { random, forecast, fresh } = choice;
    const granted = [...forecast.allocations.values()].filter(({ pages }) => pages.length > 0);
    const live = granted.filter(({ pages }) => pages.some((page) => !page.released));
    const allocation = anyOf(choice, live.length > 0 && random.chance(70) ? live : granted);
    if (!allocation) return undefined;
    const index = pageLike(choice, allocation.pages, (page) => !page.released)!.index - allocation.pages[0]!.index;
    const most = Math.min(allocation.pages.length - index, random.chance(70) ? 1 : 8);
    const writable = allocation.writable ? random.chance(70) : random.chance(20);
    const pages = random.between(1, most);
    return { op: "peerMap", peer: fresh, allocation: allocation.number, index, pages, writable };
  },
  peerMapUnknown({ random }) {
    return { op: "peerMapUnknown", gref: random.pick(UNKNOWN_GREFS), writable: random.chance(50) };
  },
  peerUnmap(choice) {
    const peer = anyOf(choice, choice.forecast.peers.values());
    return peer && { op: "peerUnmap", peer: peer.number };
  },
  peerRead(choice) {
    const place = placeToRead(choice, choice.forecast.peers.values());
    return place && { op: "peerRead", peer: place.number, page: place.page };
  },
  peerWrite(choice) {
    const { random, forecast } = choice;
    const place = placeToWrite(choice, forecast.peers.values());
    return place && { op: "peerWrite", peer: place.number, offset: place.offset, byte: random.between(1, 255) };
  },
};
