/**
 * Sequences in which the third domain is born and dies: what random ones hardly ever come to.
 *
 * @module
 */

import { THIRD, THIRD_PLACE } from "./places.ts";
import type { Life, Op, Step, Who } from "./step.ts";
import type { Special } from "./special.ts";

const step = (who: Who, op: Op, payload: string, more: Partial<Step> = {}): Step => ({ who, op, payload, ...more });
const live = (life: Life): Step => ({ who: "socket", op: life, payload: "" });
const times = (count: number, make: (number: number) => Step) => Array.from({ length: count }, (_, i) => make(i));

/** What others can ask about the third domain. */
const ASKED: readonly Step[] = (["socket", "device", "domu", "third"] as const).flatMap((who) => [
  step(who, "IS_DOMAIN_INTRODUCED", `${THIRD}\0`),
  step(who, "GET_DOMAIN_PATH", `${THIRD}\0`),
  step(who, "READ", `/local/domain/${THIRD}/domid\0`),
  step(who, "GET_PERMS", `/local/domain/${THIRD}\0`),
]);

/** What a domain may have, and more. The C daemon writes slowly while transactions are open: they come last. */
const QUOTAS: readonly Step[] = [
  ...times(1000, (i) => step("third", "WRITE", `data/gntalloc/f${i % 20}/n${i}\0v`)),
  ...times(130, (i) => step("third", "WATCH", `data/gntalloc/a${i}\0t\0`)),
  ...times(12, (i) => step("third", "TRANSACTION_START", "\0", { starts: i })),
];

/** Requests of domain 0 about domains that do not exist. */
const ABOUT_DOMAINS: readonly Step[] = ["99", `${THIRD}`].flatMap((domid) => [
  step("socket", "INTRODUCE", `${domid}\0` + "1\0" + "1\0"),
  step("device", "RELEASE", `${domid}\0`),
  step("socket", "RESUME", `${domid}\0`),
  step("device", "SET_TARGET", `${domid}\0{domu}\0`),
]);

export const LIVES: readonly Special[] = [
  {
    name: "a domain is born and dies three times, and is asked for each time",
    needsQuiet: false,
    steps: [
      ...(["socket", "device", "domu"] as const).flatMap((who) => [
        step(who, "WATCH", "@introduceDomain\0in\0"),
        step(who, "WATCH", "@releaseDomain\0out\0"),
        step(who, "WATCH", "@releaseDomain\0again\0"),
        step(who, "WATCH", `/local/domain/${THIRD}\0home\0`),
        step(who, "WATCH", `${THIRD_PLACE}\0place\0`),
      ]),
      step("device", "WATCH", "/\0all\0"),
      ...ASKED,
      ...(["DESTROY", "DISCONNECT", "DESTROY"] as const).flatMap((life) => [
        live("CREATE"),
        ...ASKED,
        step("third", "WATCH", "@introduceDomain\0in\0"),
        step("third", "WATCH", "@releaseDomain\0out\0"),
        step("third", "WRITE", "data/gntalloc/a\0value"),
        step("third", "SET_PERMS", `data/gntalloc\0n${THIRD}\0r{domu}\0`),
        step("third", "WRITE", "data/gntalloc/b\0value"),
        live(life),
        ...ASKED,
      ]),
    ],
  },
  {
    name: "domain 0 lets others hear of domains that come and go, and one of them dies",
    needsQuiet: false,
    steps: [
      ...["@introduceDomain", "@releaseDomain"].flatMap((path) => [
        step("domu", "WATCH", `${path}\0t\0`),
        step("socket", "SET_PERMS", `${path}\0n0\0r{domu}\0`),
      ]),
      live("CREATE"),
      // It hears neither its own birth nor its own death, and the next domain with its number has no such right.
      ...["@introduceDomain", "@releaseDomain"].flatMap((path) => [
        step("third", "WATCH", `${path}\0t\0`),
        step("socket", "SET_PERMS", `${path}\0n0\0r{domu}\0r${THIRD}\0`),
        step("socket", "GET_PERMS", `${path}\0`),
      ]),
      live("DESTROY"),
      step("socket", "GET_PERMS", "@releaseDomain\0"),
      live("CREATE"),
      step("socket", "SET_PERMS", `@releaseDomain\0w${THIRD}\0r{domu}\0`),
      step("socket", "SET_PERMS", `@introduceDomain\0r${THIRD}\0n{domu}\0`),
      live("DISCONNECT"),
      step("socket", "GET_PERMS", "@introduceDomain\0"),
      step("domu", "GET_PERMS", "@introduceDomain\0"),
      live("CREATE"),
      live("DESTROY"),
      // As they were. With oxenstored, they have died with their owner.
      ...["@introduceDomain", "@releaseDomain"].flatMap((path) => [
        step("socket", "MKDIR", `${path}\0`),
        step("socket", "SET_PERMS", `${path}\0n0\0`),
      ]),
      live("CREATE"),
      live("DESTROY"),
    ],
  },
  {
    name: "permissions that name a dead domain",
    needsQuiet: false,
    steps: [
      ...["before", "alive", "dead", "changed", "given"].map((name) => step("socket", "MKDIR", `/gntalloc/${name}\0`)),
      step("domu", "MKDIR", "data/gntalloc/a\0"),
      step("socket", "SET_PERMS", `/gntalloc/before\0n0\0r${THIRD}\0`),
      step("socket", "SET_PERMS", `/gntalloc/given\0n${THIRD}\0`),
      live("CREATE"),
      step("third", "READ", "/gntalloc/before\0"),
      ...["alive", "changed"].map((name) => step("socket", "SET_PERMS", `/gntalloc/${name}\0n0\0r${THIRD}\0r{domu}\0`)),
      step("domu", "SET_PERMS", `data/gntalloc/a\0n{domu}\0b${THIRD}\0`),
      step("third", "WRITE", "/local/domain/{domu}/data/gntalloc/a/child\0value"),
      step("third", "READ", "/gntalloc/alive\0"),
      live("DESTROY"),
      step("socket", "SET_PERMS", `/gntalloc/dead\0n0\0r${THIRD}\0`),
      step("socket", "SET_PERMS", `/gntalloc/given\0n${THIRD}\0`),
      step("device", "WRITE", "/gntalloc/changed\0value"),
      step("device", "MKDIR", "/gntalloc/changed/child\0"),
      live("CREATE"),
      ...["before", "alive", "dead", "changed", "changed/child", "given"].flatMap((name) => [
        step("third", "WATCH", `/gntalloc/${name}\0${name}\0`),
        step("device", "WRITE", `/gntalloc/${name}\0again`),
        step("third", "READ", `/gntalloc/${name}\0`),
        step("device", "GET_PERMS", `/gntalloc/${name}\0`),
      ]),
      step("third", "READ", "/local/domain/{domu}/data/gntalloc/a\0"),
      step("third", "WRITE", "/local/domain/{domu}/data/gntalloc/a/child\0value"),
      step("domu", "GET_PERMS", "data/gntalloc/a\0"),
      step("domu", "WRITE", "data/gntalloc/a/b\0value"),
      step("third", "READ", "/local/domain/{domu}/data/gntalloc/a/b\0"),
      // It counts when it is set again.
      step("domu", "SET_PERMS", `data/gntalloc/a\0n{domu}\0b${THIRD}\0`),
      step("third", "READ", "/local/domain/{domu}/data/gntalloc/a\0"),
    ],
  },
  {
    name: "nodes of a dead domain that are not at its home",
    needsQuiet: false,
    steps: [
      live("CREATE"),
      step("third", "WRITE", "/gntalloc/own/a/b\0value"),
      step("third", "SET_PERMS", `/gntalloc/own/a\0n${THIRD}\0b{domu}\0`),
      step("domu", "WRITE", "/gntalloc/own/a/domu\0value"),
      step("socket", "WRITE", "/gntalloc/own/a/zero\0value"),
      ...["given", "given/a", "given/a/b"].map((name) => step("socket", "MKDIR", `/gntalloc/${name}\0`)),
      step("socket", "SET_PERMS", `/gntalloc/given/a\0n${THIRD}\0r{domu}\0`),
      step("domu", "WRITE", "data/gntalloc/open\0value"),
      step("domu", "SET_PERMS", `data/gntalloc/open\0n{domu}\0b${THIRD}\0`),
      step("third", "WRITE", "/local/domain/{domu}/data/gntalloc/open/third\0value"),
      ...(["socket", "device", "domu"] as const).flatMap((who) =>
        [
          ...["/gntalloc", "/gntalloc/own", "/gntalloc/own/a", "/gntalloc/own/a/domu", "/gntalloc/own/a/none"],
          ...["/gntalloc/given/a/b", "/local/domain/{domu}/data/gntalloc/open/third"],
        ].map((path, i) => step(who, "WATCH", `${path}\0t${i}\0`))
      ),
      live("DESTROY"),
      step("socket", "DIRECTORY", "/gntalloc\0"),
      step("socket", "DIRECTORY", "/gntalloc/own\0"),
      step("socket", "DIRECTORY", "/gntalloc/given\0"),
      step("domu", "DIRECTORY", "data/gntalloc/open\0"),
      step("domu", "READ", "/gntalloc/own/a/domu\0"),
      live("CREATE"),
      step("third", "WRITE", "/gntalloc/own/a\0value"),
      step("third", "READ", "/gntalloc/own/a\0"),
    ],
  },
  {
    name: "transactions of and about a domain that is born and dies",
    needsQuiet: false,
    steps: [
      step("socket", "TRANSACTION_START", "\0", { starts: 1 }),
      step("socket", "READ", `/local/domain/${THIRD}/domid\0`, { transaction: 1 }),
      step("socket", "WRITE", "/gntalloc/a\0value", { transaction: 1 }),
      live("CREATE"),
      step("socket", "TRANSACTION_END", "T\0", { transaction: 1 }),
      step("third", "WRITE", "data/gntalloc/a\0value"),
      step("third", "SET_PERMS", `data/gntalloc/a\0n${THIRD}\0b{domu}\0`),
      step("third", "TRANSACTION_START", "\0", { starts: 2 }),
      step("third", "WRITE", "/gntalloc/of-third\0value", { transaction: 2 }),
      ...(["device", "domu"] as const).flatMap((who, i) => [
        step(who, "TRANSACTION_START", "\0", { starts: 10 + i }),
        step(who, "READ", `${THIRD_PLACE}/a\0`, { transaction: 10 + i }),
        step(who, "WRITE", `/gntalloc/of-${who}\0value`, { transaction: 10 + i }),
      ]),
      step("device", "TRANSACTION_START", "\0", { starts: 20 }),
      step("device", "WRITE", "/gntalloc/given\0value", { transaction: 20 }),
      step("device", "SET_PERMS", `/gntalloc/given\0n${THIRD}\0`, { transaction: 20 }),
      step("device", "TRANSACTION_START", "\0", { starts: 21 }),
      step("device", "WRITE", "/gntalloc/shared\0value", { transaction: 21 }),
      step("device", "SET_PERMS", `/gntalloc/shared\0n0\0r${THIRD}\0`, { transaction: 21 }),
      live("DESTROY"),
      ...[10, 20, 21].map((transaction) => step("device", "TRANSACTION_END", "T\0", { transaction })),
      step("domu", "TRANSACTION_END", "T\0", { transaction: 11 }),
      step("socket", "DIRECTORY", "/gntalloc\0"),
      step("socket", "GET_PERMS", "/gntalloc/shared\0"),
      step("socket", "GET_PERMS", "/gntalloc/given\0"),
      step("device", "TRANSACTION_START", "\0", { starts: 30 }),
      step("device", "WRITE", `${THIRD_PLACE}/early\0value`, { transaction: 30 }),
      live("CREATE"),
      step("device", "TRANSACTION_END", "T\0", { transaction: 30 }),
      step("third", "TRANSACTION_END", "T\0", { transaction: 2 }),
      step("third", "READ", "/gntalloc/shared\0"),
      step("third", "READ", "/gntalloc/given\0"),
      step("third", "TRANSACTION_START", "\0", { starts: 31 }),
      step("third", "WRITE", "data/gntalloc/b\0value", { transaction: 31 }),
      step("third", "TRANSACTION_END", "T\0", { transaction: 31 }),
    ],
  },
  {
    name: "quotas that a domain has used up when it dies",
    needsQuiet: true,
    steps: [
      live("CREATE"),
      ...QUOTAS,
      live("DESTROY"),
      live("CREATE"),
      ...QUOTAS,
      live("DISCONNECT"),
      live("CREATE"),
      ...QUOTAS,
    ],
  },
  {
    name: "a domain that owns as many nodes as it may, below one that dies",
    needsQuiet: true,
    steps: [
      live("CREATE"),
      step("third", "MKDIR", "/gntalloc/own\0"),
      step("third", "SET_PERMS", `/gntalloc/own\0b${THIRD}\0`),
      ...times(900, (i) => step("domu", "WRITE", `/gntalloc/own/f${i % 20}/n${i}\0v`)),
      ...times(20, (i) => step("socket", "SET_PERMS", `/gntalloc/own/f${i}/n${i}\0n{domu}\0`)),
      live("DESTROY"),
      ...times(1000, (i) => step("domu", "WRITE", `data/gntalloc/f${i % 20}/n${i}\0v`)),
      step("socket", "RM", "/local/domain/{domu}/data/gntalloc\0"),
      step("domu", "WRITE", "data/again\0v"),
      step("socket", "RM", "/local/domain/{domu}/data/again\0"),
    ],
  },
  {
    name: "nodes of owners that cannot be, when a domain dies",
    needsQuiet: false,
    steps: [
      ...["-1", "-2", "99", "32752", "70000", `${THIRD}`].flatMap((domid) => [
        step("socket", "MKDIR", `/gntalloc/n${domid}\0`),
        step("socket", "SET_PERMS", `/gntalloc/n${domid}\0b${domid}\0`),
        step("socket", "MKDIR", `/gntalloc/r${domid}\0`),
        step("socket", "SET_PERMS", `/gntalloc/r${domid}\0n0\0r${domid}\0r{domu}\0`),
      ]),
      ...(["DESTROY", "DISCONNECT"] as const).flatMap((life) => [
        live("CREATE"),
        live(life),
        step("device", "DIRECTORY", "/gntalloc\0"),
        ...["-1", "-2", "99", "32752", "70000", `${THIRD}`].map((domid) =>
          step("device", "GET_PERMS", `/gntalloc/r${domid}\0`)
        ),
      ]),
    ],
  },
  {
    name: "requests about domains that others than domain 0 make",
    needsQuiet: false,
    steps: [
      live("CREATE"),
      ...(["domu", "third"] as const).flatMap((who) =>
        ["0", "{domu}", `${THIRD}`, "99", "x"].flatMap((domid) => [
          step(who, "INTRODUCE", `${domid}\0` + "1\0" + "1\0"),
          step(who, "RELEASE", `${domid}\0`),
          step(who, "RESUME", `${domid}\0`),
          step(who, "SET_TARGET", `${domid}\0${THIRD}\0`),
        ])
      ),
      ...ASKED,
    ],
  },
  {
    name: "requests about domains that domain 0 makes",
    needsQuiet: false,
    steps: [
      step("socket", "WATCH", "@introduceDomain\0in\0"),
      step("socket", "WATCH", "@releaseDomain\0out\0"),
      ...ABOUT_DOMAINS,
      live("CREATE"),
      step("socket", "RESUME", `${THIRD}\0`),
      step("socket", "SET_TARGET", `${THIRD}\0{domu}\0`),
      live("DESTROY"),
      ...ABOUT_DOMAINS,
      ...ASKED,
    ],
  },
];
