import { describe, expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { compare, describe as describeDifference } from "./compare.ts";
import { Differences } from "./differences.ts";
import { generate } from "./generate.ts";
import { shrink } from "./shrink.ts";
import { isRequest, type Op, type Step } from "./step.ts";
import { describeEvent, describeReply, expand } from "./template.ts";

const SEQUENCES = Array.from({ length: 300 }, (_, seed) => generate(seed + 1, 100));
const STEPS = SEQUENCES.flat();
const read: Step = { who: "socket", op: "READ", payload: "/a\0" };
const write: Step = { who: "domu", op: "WRITE", payload: "/a\0value" };

describe("generate()", () => {
  test("makes the same sequence of a seed each time, and another of the next seed", () => {
    expect(generate(7, 100)).toEqual(SEQUENCES[6]);
    expect(SEQUENCES[7]).not.toEqual(SEQUENCES[6]);
  });

  test("makes only requests that fit the device, and none without a payload", () => {
    for (const { payload } of STEPS.filter(isRequest)) {
      const { length } = expand(payload, 32751);
      expect(length).toBeGreaterThan(0);
      expect(length).toBeLessThanOrEqual(4080);
    }
  });

  test("makes requests of each kind by each participant, in transactions and without", () => {
    const kinds = new Set(STEPS.map(({ who, op, transaction }) => `${who} ${op} ${transaction === undefined}`));
    for (const who of ["socket", "device", "domu", "third"]) {
      for (const op of ["READ", "WRITE", "MKDIR", "RM", "DIRECTORY", "GET_PERMS", "SET_PERMS"]) {
        expect(kinds).toContain(`${who} ${op} true`);
        expect(kinds).toContain(`${who} ${op} false`);
      }
      for (const op of ["WATCH", "UNWATCH", "TRANSACTION_START", "IS_DOMAIN_INTRODUCED", "GET_DOMAIN_PATH"]) {
        expect(kinds).toContain(`${who} ${op} true`);
      }
      expect(kinds).toContain(`${who} TRANSACTION_END false`);
    }
  });

  test("has the third domain come and go by turns, and make requests while it is there", () => {
    for (const sequence of SEQUENCES) {
      let isThere = false;
      for (const { who, op } of sequence) {
        if (op === "CREATE" || op === "DESTROY" || op === "DISCONNECT") {
          expect(op === "CREATE").toBe(!isThere);
          isThere = !isThere;
        } else if (who === "third") expect(isThere).toBe(true);
      }
    }
    const ops = new Set(STEPS.map(({ op }) => op));
    for (const op of ["CREATE", "DESTROY", "DISCONNECT"] as const) expect(ops).toContain(op);
  });

  test("changes nothing outside of its places", () => {
    for (const { op, payload } of STEPS) {
      if (op !== "WRITE" && op !== "MKDIR" && op !== "RM" && op !== "SET_PERMS") continue;
      const path = payload.split("\0")[0]!;
      expect(path).toMatch(/gntalloc|^\/local\/domain\/99\/a$|^$|^\/\/$|^\/\xff$/);
    }
  });
});

test("expand() puts in the domid and runs of characters", () => {
  expect(expand("/local/domain/{domu}/a\0{x*3}{domu}", 12)).toBe("/local/domain/12/a\0xxx12");
});

describe("describeReply()", () => {
  const reply = (op: Op, text: string, type: number = StoreMessage[op]) =>
    describeReply(op, { type, request: 1, transaction: 0, text }, 12);

  test("shows what all machines have in common", () => {
    expect(reply("READ", "")).toBe('""');
    expect(reply("READ", "a\0b")).toBe(String.raw`"a\u0000b"`);
    expect(reply("READ", "x".repeat(2000))).toMatch(/^"\(2000 bytes, sum \d+\)"$/);
    expect(reply("WRITE", "OK\0")).toBe("ok");
    expect(reply("WRITE", "EACCES\0", StoreMessage.ERROR)).toBe("EACCES");
    expect(reply("DIRECTORY", "b\0a\0")).toBe("[a b]");
    expect(reply("DIRECTORY", "")).toBe("[]");
    expect(reply("DIRECTORY_PART", "81\0b\0a\0")).toBe("part [a b]");
    expect(reply("DIRECTORY_PART", "81\0b\0a\0\0")).toBe("part [a b], the last");
    expect(reply("GET_PERMS", "n12\0r0\0")).toBe("[n{domu} r0]");
    expect(reply("GET_DOMAIN_PATH", "/local/domain/12\0")).toBe(String.raw`/local/domain/{domu}\u0000`);
    expect(reply("TRANSACTION_START", "77\0")).toBe("started");
    expect(reply("READ", "7", StoreMessage.WRITE)).toBe("a reply of type 11");
  });

  test("describeEvent() shows the path and the token", () => {
    const event = { type: StoreMessage.WATCH_EVENT, request: 5, transaction: 0, text: "/local/domain/12/a\0t1\0" };
    expect(describeEvent(event, 12)).toBe("/local/domain/{domu}/a t1");
    expect(describeEvent(event, 1)).toBe("/local/domain/12/a t1");
    const vm = { ...event, text: "/vm/00000001-0000-4000-8000-00000000004d/name\0t1\0" };
    expect(describeEvent(vm, 1)).toBe("/vm/{uuid}/name t1");
  });
});

describe("compare()", () => {
  const none = new Differences("xenstored", "Xen", []);

  test("finds the first answer that differs, or is missing", () => {
    expect(compare([read, write], ["ENOENT", "ok"], ["ENOENT", "ok"], none)).toBeUndefined();
    const found = compare([read, write, read], ["ENOENT", "ok", "ok"], ["ENOENT", "EACCES"], none)!;
    expect(found.steps).toEqual([read, write]);
    expect(describeDifference(found)).toBe(
      `${JSON.stringify(read)} // ENOENT\n${JSON.stringify(write)} // the daemon: ok / simulated: EACCES`,
    );
    expect(compare([read], ["ok"], [], none)?.simulated).toEqual([]);
  });

  test("allows declared differences of its daemon, and knows which were met", () => {
    const allowed = [
      { daemon: "oxenstored", step: { op: "READ", payload: "/a." }, real: "E.*", simulated: "ok", reason: "a test" },
      { step: { op: "RM" }, real: "ok", simulated: "ok", reason: "a test" },
      { where: "ordinary machine", step: {}, real: ".*", simulated: ".*", reason: "a test" },
      { step: { who: ["device", "domu"], op: "WRITE" }, real: "E.*", simulated: "ok", reason: "a test" },
    ];
    const differences = new Differences("oxenstored", "Xen", allowed);
    expect(differences.unmet()).toHaveLength(3);
    expect(compare([read], ["ENOENT"], ["ok"], differences)).toBeUndefined();
    expect(differences.unmet()).toHaveLength(2);
    expect(compare([write], ["ENOENT"], ["ok"], differences)).toBeUndefined();
    expect(compare([{ ...write, who: "socket" }], ["ENOENT"], ["ok"], differences)).toBeDefined();
    expect(differences.unmet()).toHaveLength(1);
    expect(compare([read], ["no ENOENT"], ["ok"], differences)).toBeDefined();
    expect(compare([read], ["ENOENT"], ["ok"], new Differences("xenstored", "Xen", allowed))).toBeDefined();
  });
});

test("shrink() keeps the steps that are needed", async () => {
  const steps = generate(3, 100);
  const [first, second] = [steps[20]!, steps[71]!];
  const fails = (steps: readonly Step[]) => Promise.resolve(steps.includes(first) && steps.includes(second));
  expect(await shrink(steps, fails)).toEqual([first, second]);
});
