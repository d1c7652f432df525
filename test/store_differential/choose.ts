/**
 * Chooses what a step does, and to what.
 *
 * @module
 */

import type { Random } from "../support/random.ts";
import { PLACES, THIRD, THIRD_PLACE } from "./places.ts";
import type { Life, Op, Step, Who } from "./step.ts";

/** What a sequence has made so far, as far as it can be known beforehand. */
export class Made {
  /** Transactions that may be open, by who started them. */
  readonly transactions: Record<Who, number[]> = { socket: [], device: [], domu: [], third: [] };
  /** Paths and tokens of watches, by who made them. */
  readonly watches: Record<Who, { path: string; token: string }[]> = {
    socket: [],
    device: [],
    domu: [],
    third: [],
  };
  /** Whether the third domain is there. */
  hasThird = false;
  #next = 0;

  /** Returns a number that no other thing of the sequence has. */
  fresh(): number {
    return ++this.#next;
  }

  /** Notes that the third domain comes or goes. A new one has no watches and transactions. */
  setThird(isThere: boolean): void {
    this.hasThird = isThere;
    this.transactions.third = [];
    this.watches.third = [];
  }
}

/** What a choice needs. */
export interface Context {
  readonly random: Random;
  readonly made: Made;
  readonly who: Who;
}

/** Some names, so that steps meet. */
const NAMES = ["a", "b", "c"] as const;
/** Paths that no daemon takes. */
const WRONG_PATHS = [
  ...["", "//", "/gntalloc/", "/gntalloc//a", "gntalloc/", "/gntalloc/a b", "/gntalloc/.", "/gntalloc/a%", "/\xff"],
  ...["/gntalloc/{x*3050}", "/gntalloc/{x*2038}", "data/gntalloc/{x*2035}"],
] as const;
/** Paths that are long, or not for everybody. */
const RARE_PATHS = [
  ...["/gntalloc/@a", "/local/domain/99/a", "/gntalloc/{x*1013}", "/gntalloc/{x*1014}", "/gntalloc/{x*2037}"],
  ...["/local/domain/{domu}/data/gntalloc/{x*1010}", "/local/domain/{domu}/data/gntalloc/{x*2030}"],
] as const;
/** Paths that are only looked at: whoever changes them changes more than the sequence. */
const COMMON_PATHS = [
  ...["/", "/local", "/local/domain", "/local/domain/{domu}", `/local/domain/${THIRD}`],
  ...["@introduceDomain", "@releaseDomain"],
] as const;
/** Domids of which domain 0 may ask. */
const DOMIDS = ["0\0", "{domu}\0", `${THIRD}\0`, "99\0"] as const;
/** The most transactions that a participant has open at once: one more than a domain may have. */
const MOST_TRANSACTIONS = 12;
/** The most watches of a participant. */
const MOST_WATCHES = 8;

function isOfDomain0(who: Who): boolean {
  return who === "socket" || who === "device";
}

/** Chooses a path in one of the places, or rarely another one. */
function pickPath(context: Context): string {
  return context.random.chance(2) ? context.random.pick(COMMON_PATHS) : pickOwnPath(context);
}

/** Chooses a path that a sequence may change, or cannot change. */
function pickOwnPath(context: Context): string {
  const { random } = context;
  if (random.chance(2)) return random.pick(WRONG_PATHS);
  return random.chance(3) ? random.pick(RARE_PATHS) : pickUsualPath(context);
}

/** Chooses a path in one of the places. */
function pickUsualPath({ random, who }: Context): string {
  const [common, ofDom0, ofDomu] = PLACES;
  const place = random.pick(
    who === "domu" || who === "third"
      ? [common, common, ofDom0, ofDomu, THIRD_PLACE, "data/gntalloc", "data/gntalloc"]
      : [common, common, ofDom0, "gntalloc", ofDomu, ofDomu, THIRD_PLACE],
  );
  const depth = random.pick([0, 1, 1, 1, 2, 2, 3]);
  return [place, ...Array.from({ length: depth }, () => random.pick(NAMES))].join("/");
}

function pickValue({ random, who }: Context): string {
  const size = random.between(1990, 2030);
  const values = ["", "1", "value", "with\0NULs\0", "\xff\x80", `{v*${size}}`, `{v*${size}}`];
  if (isOfDomain0(who) && random.chance(30)) return random.pick(["{v*2048}", "{v*2049}", "{v*3000}"]);
  return random.pick(values);
}

function pickPermissions({ random, who }: Context): string {
  const entry = (domids: readonly string[]) => random.pick(["n", "r", "w", "b"]) + random.pick(domids);
  if (random.chance(5)) return random.pick(["", "x0\0", "r\0", "r-1\0", "rx\0", "r0", "r70000\0", "r0x\0"]);
  const count = random.pick([1, 1, 1, 2, 2, 3, 6]);
  const more = Array.from({ length: count - 1 }, () => entry(["0", "{domu}", `${THIRD}`, `${THIRD}`, "99"]));
  const owners = who === "third" ? [`${THIRD}`] : ["0", "{domu}", "{domu}", `${THIRD}`];
  return [entry(owners), ...more].map((text) => `${text}\0`).join("");
}

/** Two strings are needed: a path and a token. */
function pickOddWatch(context: Context): string {
  const path = pickUsualPath(context);
  return context.random.pick([`${path}\0`, `${path}\0x`, `${path}\0x\0y\0`, "\0"]);
}

/** The transaction of a request, if it is in one. */
function pickTransaction({ random, made, who }: Context): { transaction?: number } {
  const open = made.transactions[who];
  // Without Xen no kernel stands between the other domain and the daemon, and the daemons have different errors for this.
  if (isOfDomain0(who) && random.chance(2)) return { transaction: -1 };
  return open.length > 0 && random.chance(45) ? { transaction: random.pick(open) } : {};
}

/**
 * Makes a request about a path. It always has the number of strings that it needs: what the C daemon does otherwise
 * depends on what it did before.
 */
const onPath =
  (op: Op, rest: (context: Context) => string = () => "", path = pickPath) => (context: Context): Step => ({
    who: context.who,
    op,
    payload: `${path(context)}\0${rest(context)}`,
    ...pickTransaction(context),
  });

/** Makes a request that domain 0 alone may make, in another domain. */
function forDomain0({ random, who }: Context, op: Op, rest = ""): Step | undefined {
  return isOfDomain0(who) ? undefined : { who, op, payload: random.pick(DOMIDS) + rest };
}

/** Has the third domain come or go, unless it has. */
function live(made: Made, life: Life): Step | undefined {
  if ((life === "CREATE") === made.hasThird) return undefined;
  made.setThird(!made.hasThird);
  return { who: "socket", op: life, payload: "" };
}

/** Chooses a step of each kind, or nothing if it makes no sense now. */
export const CHOOSE: Readonly<Record<Op | Life, (context: Context) => Step | undefined>> = {
  READ: onPath("READ"),
  WRITE: (context) => {
    const path = pickOwnPath(context);
    // A message that is too long ends the connection of the domain for good.
    const value = path.includes("*") ? "1" : pickValue(context);
    return { who: context.who, op: "WRITE", payload: `${path}\0${value}`, ...pickTransaction(context) };
  },
  MKDIR: onPath("MKDIR", undefined, pickOwnPath),
  RM: onPath("RM", undefined, pickOwnPath),
  // Not of the common folders: what else is in them depends on the machine.
  DIRECTORY: onPath("DIRECTORY", undefined, pickOwnPath),
  DIRECTORY_PART: onPath(
    "DIRECTORY_PART",
    ({ random }) => random.pick(["0\0", "0\0", "2\0", "100\0", "x\0", "-1\0"]),
    pickOwnPath,
  ),
  GET_PERMS: onPath("GET_PERMS"),
  SET_PERMS: (context) => ({
    who: context.who,
    op: "SET_PERMS",
    payload: `${pickOwnPath(context)}\0${pickPermissions(context)}`,
    ...pickTransaction(context),
  }),
  WATCH: (context) => {
    const { random, made, who } = context;
    const watches = made.watches[who];
    if (watches.length >= MOST_WATCHES) return undefined;
    // A kernel ignores a third string.
    if (isOfDomain0(who) && random.chance(3)) return { who, op: "WATCH", payload: pickOddWatch(context) };
    if (random.chance(5)) return { who, op: "WATCH", payload: `${random.pick(WRONG_PATHS)}\0t\0` };
    const kind = random.below(100);
    const path = kind < 15
      ? random.pick(COMMON_PATHS)
      : kind < 30
      ? random.pick(["@introduceDomain", "@releaseDomain"])
      : pickUsualPath(context);
    // The kernel and the daemon do not agree about a watch that is made twice.
    const token = `t${made.fresh()}`;
    watches.push({ path, token });
    return { who, op: "WATCH", payload: `${path}\0${token}\0` };
  },
  UNWATCH: (context) => {
    const { random, made, who } = context;
    const watches = made.watches[who];
    if (watches.length === 0) return undefined;
    const [watch] = watches.splice(random.below(watches.length), 1);
    return { who, op: "UNWATCH", payload: `${watch!.path}\0${watch!.token}\0` };
  },
  TRANSACTION_START: (context) => {
    const { random, made, who } = context;
    const open = made.transactions[who];
    if (open.length >= MOST_TRANSACTIONS) return undefined;
    if (random.chance(4)) return { who, op: "TRANSACTION_START", payload: "\0", ...pickTransaction(context) };
    const starts = made.fresh();
    open.push(starts);
    return { who, op: "TRANSACTION_START", payload: "\0", starts };
  },
  TRANSACTION_END: (context) => {
    const { random, made, who } = context;
    if (isOfDomain0(who) && random.chance(4)) {
      const payload = random.pick(["T\0", "F\0"]);
      return { who, op: "TRANSACTION_END", payload, ...(random.chance(50) ? { transaction: -1 } : {}) };
    }
    const open = made.transactions[who];
    if (open.length === 0) return undefined;
    const [transaction] = open.splice(random.below(open.length), 1);
    return { who, op: "TRANSACTION_END", payload: random.chance(75) ? "T\0" : "F\0", transaction: transaction! };
  },
  GET_DOMAIN_PATH: ({ random, who }) => ({
    who,
    op: "GET_DOMAIN_PATH",
    payload: random.pick([...DOMIDS, "x\0", "70000\0", "-1\0"]),
  }),
  IS_DOMAIN_INTRODUCED: ({ random, who }) => ({
    who,
    op: "IS_DOMAIN_INTRODUCED",
    payload: random.pick(DOMIDS),
  }),
  INTRODUCE: (context) => forDomain0(context, "INTRODUCE", "1\0" + "1\0"),
  RELEASE: (context) => forDomain0(context, "RELEASE"),
  RESUME: (context) => forDomain0(context, "RESUME"),
  SET_TARGET: (context) => forDomain0(context, "SET_TARGET", `${THIRD}\0`),
  CREATE: ({ made }) => live(made, "CREATE"),
  DESTROY: ({ made }) => live(made, "DESTROY"),
  DISCONNECT: ({ made }) => live(made, "DISCONNECT"),
};
