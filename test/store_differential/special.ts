/**
 * Sequences that random ones hardly ever come to: what takes many steps of one kind.
 *
 * @module
 */

import type { Daemon } from "./differences.ts";
import type { Op, Step, Who } from "./step.ts";

/** A sequence with a name. */
export interface Special {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Whether the answers depend on what else the domain does: the watches of its kernel, for example. */
  readonly needsQuiet: boolean;
  /** The daemon that it is for. Both, if it is absent. */
  readonly daemon?: Daemon;
}

const step = (who: Who, op: Op, payload: string, more: Partial<Step> = {}): Step => ({ who, op, payload, ...more });
const times = (count: number, make: (number: number) => Step) => Array.from({ length: count }, (_, i) => make(i));
/** 40 characters, so that a hundred names do not fit into a reply. */
const longName = (number: number) => `name-${String(number).padStart(3, "0")}-{x*31}`;
/** Numbers that C reads in one way and OCaml in another one, or not at all. */
const UNUSUAL_NUMBERS = [
  ...[
    "",
    "+1",
    " 1",
    "1 ",
    "010",
    "08",
    "00",
    "0x10",
    "0X1f",
    "0x",
    "0o10",
    "0b11",
    "0b12",
    "0u5",
    "1_0",
    "_1",
    "1_",
    "-",
  ],
  ...["-0", "-1", "-2", "65536", "32752", "2147483648", "-2147483649", "4294967295", "4294967296", "4294967297"],
  ...["4611686018427387904", "-4611686018427387904", "-4611686018427387905", "9223372036854775807"],
  ...["0x4000000000000000", "0x7fffffffffffffff", "0x8000000000000000", "99999999999999999999"],
] as const;

export const SPECIAL: readonly Special[] = [
  {
    name: "as many watches as a domain may have, and more",
    needsQuiet: true,
    steps: [
      ...times(130, (i) => step("domu", "WATCH", `data/gntalloc/a${i}\0t\0`)),
      step("domu", "UNWATCH", "data/gntalloc/a7\0t\0"),
      // It was refused.
      step("domu", "UNWATCH", "data/gntalloc/a129\0t\0"),
      ...times(2, (i) => step("domu", "WATCH", `data/gntalloc/b${i}\0t\0`)),
    ],
  },
  {
    name: "as many transactions as a domain may have, and more",
    needsQuiet: true,
    steps: [
      ...times(12, (i) => step("domu", "TRANSACTION_START", "\0", { starts: i })),
      // It was refused.
      step("domu", "READ", "data/gntalloc\0", { transaction: 11 }),
      step("domu", "TRANSACTION_END", "F\0", { transaction: 3 }),
      ...times(2, (i) => step("domu", "TRANSACTION_START", "\0", { starts: 20 + i })),
    ],
  },
  {
    name: "as many nodes as a domain may own, and more",
    needsQuiet: true,
    steps: [
      ...times(1010, (i) => step("domu", "WRITE", `data/gntalloc/f${i % 20}/n${i}\0v`)),
      step("domu", "WRITE", "data/gntalloc/f0/n0\0another"),
      step("domu", "RM", "data/gntalloc/f3\0"),
      ...times(60, (i) => step("domu", "MKDIR", `data/gntalloc/g${i}\0`)),
    ],
  },
  {
    name: "as many children as a node may have, and more",
    needsQuiet: false,
    steps: [
      ...times(60, (i) => step("domu", "MKDIR", `data/gntalloc/${longName(i)}\0`)),
      step("domu", "DIRECTORY", "data/gntalloc\0"),
    ],
  },
  {
    name: "a list that is longer than a reply",
    needsQuiet: false,
    steps: [
      ...times(120, (i) => step("socket", "MKDIR", `/gntalloc/${longName(i)}\0`)),
      step("socket", "DIRECTORY", "/gntalloc\0"),
      step("device", "DIRECTORY_PART", "/gntalloc\0" + "0\0"),
      step("domu", "DIRECTORY_PART", "/gntalloc\0" + "4059\0"),
      step("domu", "DIRECTORY_PART", "/gntalloc\0" + "4920\0"),
      step("socket", "RM", `/gntalloc/${longName(7)}\0`),
      step("domu", "DIRECTORY_PART", "/gntalloc\0" + "0\0"),
    ],
  },
  {
    name: "permissions beyond the most",
    needsQuiet: false,
    steps: [
      step("domu", "MKDIR", "data/gntalloc/a\0"),
      ...times(7, (i) => step("domu", "SET_PERMS", `data/gntalloc/a\0n{domu}\0${"r0\0".repeat(i)}`)),
      step("device", "GET_PERMS", "/local/domain/{domu}/data/gntalloc/a\0"),
      step("socket", "SET_PERMS", `/gntalloc\0n0\0${"r{domu}\0".repeat(20)}`),
      step("domu", "GET_PERMS", "/gntalloc\0"),
    ],
  },
  {
    name: "values around the most",
    needsQuiet: false,
    steps: times(60, (i) => step("domu", "WRITE", `data/gntalloc/a\0{v*${1995 + i}}`)),
  },
  {
    name: "a transaction of too many nodes",
    needsQuiet: true,
    steps: [
      step("domu", "TRANSACTION_START", "\0", { starts: 1 }),
      ...times(1030, (i) => step("domu", "READ", `data/gntalloc/n${i}\0`, { transaction: 1 })),
      step("domu", "WRITE", "data/gntalloc/a\0b", { transaction: 1 }),
      step("domu", "TRANSACTION_END", "T\0", { transaction: 1 }),
      step("domu", "READ", "data/gntalloc/a\0"),
    ],
  },
  {
    name: "@introduceDomain and @releaseDomain are nodes of oxenstored",
    needsQuiet: false,
    daemon: "oxenstored",
    steps: [
      step("device", "WATCH", "/\0root\0"),
      step("domu", "WATCH", "@introduceDomain\0in\0"),
      ...["@introduceDomain", "/@introduceDomain", "@releaseDomain", "@other", "@introduceDomain/a"].flatMap((path) =>
        (["socket", "domu"] as const).flatMap((who) =>
          (["READ", "DIRECTORY", "GET_PERMS"] as const).map((op) => step(who, op, `${path}\0`))
        )
      ),
      ...["@introduceDomain", "@other"].flatMap((path) => [
        step("domu", "WRITE", `${path}\0value`),
        step("domu", "MKDIR", `${path}\0`),
        step("domu", "RM", `${path}\0`),
        step("domu", "SET_PERMS", `${path}\0n{domu}\0`),
        step("socket", "MKDIR", `${path}\0`),
        step("socket", "WRITE", `${path}\0value`),
        step("socket", "SET_PERMS", `${path}\0n0\0r{domu}\0`),
        step("domu", "READ", `${path}\0`),
        step("domu", "GET_PERMS", `${path}\0`),
        step("socket", "WRITE", `${path}/a\0value`),
        step("socket", "DIRECTORY", `${path}\0`),
        step("socket", "RM", `${path}\0`),
        step("domu", "GET_PERMS", `${path}\0`),
      ]),
      // As they were.
      step("socket", "MKDIR", "@introduceDomain\0"),
    ],
  },
  {
    name: "a transaction that oxenstored cannot make again, while it looks for who is in its way",
    needsQuiet: false,
    daemon: "oxenstored",
    steps: [
      step("socket", "TRANSACTION_START", "\0", { starts: 1 }),
      step("socket", "READ", "/gntalloc/a\0", { transaction: 1 }),
      step("socket", "DIRECTORY_PART", "/gntalloc\0" + "0\0", { transaction: 1 }),
      step("socket", "WRITE", "/gntalloc/b\0value", { transaction: 1 }),
      // It remembers what unprivileged domains write.
      step("domu", "WRITE", "data/gntalloc/a\0value"),
      step("device", "WRITE", "/gntalloc/a\0value"),
      step("socket", "TRANSACTION_END", "T\0", { transaction: 1 }),
    ],
  },
  {
    name: "domids in unusual notations",
    needsQuiet: false,
    steps: UNUSUAL_NUMBERS.flatMap((number) => [
      step("socket", "SET_PERMS", `/gntalloc\0r${number}\0`),
      step("socket", "GET_PERMS", "/gntalloc\0"),
      step("socket", "SET_PERMS", `/gntalloc\0r0\0r${number}\0`),
      step("socket", "GET_PERMS", "/gntalloc\0"),
      step("socket", "GET_DOMAIN_PATH", `${number}\0`),
      step("socket", "IS_DOMAIN_INTRODUCED", `${number}\0`),
    ]),
  },
];
