/** The interceptor under recorder and faults: what it wraps, and what it passes on as it is. */
import { expect, test } from "vitest";
import type { Call } from "../../backends/intercept/calls.ts";
import { intercept, type Interceptor } from "../../backends/intercept/intercept.ts";
import { MockXen } from "../../backends/mock.ts";
import type { GrantFile } from "../../src/contract/backend.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";
import { message, readable } from "../support/store_messages.ts";

/** The calls that went through, and an interceptor that notes them. */
function noted() {
  const calls: Call[] = [];
  const note: Interceptor = (call, proceed) => {
    calls.push(call);
    return proceed();
  };
  return { calls, note };
}

test("each call goes through it, with its arguments by name and the call that its object came from", () => {
  const { calls, note } = noted();
  const xen = new MockXen();
  const domain = intercept("test", xen.domain(1), note);
  const file = domain.grants.open();
  const grefs = new Uint32Array(2);
  file.grant(0, 2, 0, true, grefs);
  const memory = file.map(0, 2, grefs[0]!, false);
  memory.unmap();
  file.endAccess(0, 2, grefs);
  file.close();
  xen.assertClean();
  expect(calls.map(({ name }) => name)).toEqual([
    "GrantBackend.open",
    "GrantFile.grant",
    "GrantFile.map",
    "MappedMemory.unmap",
    "GrantFile.endAccess",
    "GrantFile.close",
  ]);
  const [open, grant, map, unmap] = calls;
  expect(grant!.args).toEqual({ page: 0, count: 2, domid: 0, writable: true, grefs });
  expect(map!.args).toEqual({ page: 0, count: 2, gref: grefs[0], writable: false });
  expect([open!.from, grant!.from, map!.from, unmap!.from]).toEqual([undefined, open, open, map]);
  expect(calls.every(({ part, backend }) => part === "grants" && backend.name === "mock")).toBe(true);
});

test("calls of XenStore go through it, too, and the connection keeps its properties", async () => {
  const { calls, note } = noted();
  const { store } = intercept("test", new MockXen().domain(1), note);
  expect(store.name).toBe("mock");
  const connection = store.open();
  expect(connection.maxPayload).toBe(4080);
  const request = message(StoreMessage.READ, "domid\0");
  const bytes = new Uint8Array(20);
  connection.send(request);
  await readable(connection);
  expect(connection.receive(bytes)).toBe(17);
  connection.close();
  expect(calls.map(({ name }) => name)).toEqual([
    "StoreBackend.open",
    "StoreConnection.send",
    "StoreConnection.whenReadable",
    "StoreConnection.receive",
    "StoreConnection.close",
  ]);
  const [open, send, , receive] = calls;
  expect([send!.args, receive!.args]).toEqual([{ message: request }, { bytes }]);
  expect(calls.slice(1).every(({ from }) => from === open)).toBe(true);
  expect(calls.every(({ part }) => part === "store")).toBe(true);
});

test("an interceptor may answer itself, or throw", () => {
  const boom = new Error("boom");
  let answer: unknown = 5;
  const domain = intercept("test", new MockXen().domain(1), <T>(call: Call, proceed: () => T) => {
    if (call.name !== "GrantBackend.limit") return proceed();
    if (answer === boom) throw boom;
    return answer as T;
  });
  expect(domain.grants.limit()).toBe(5);
  answer = boom;
  expect(() => domain.grants.limit()).toThrow(boom);
});

test("methods that an object does not have stay away, and an optional one that it has goes through", () => {
  const { calls, note } = noted();
  const grants = { ...new MockXen().domain(1).grants, open: () => ({ close() {} }) as unknown as GrantFile };
  expect(Object.keys(intercept("test", { grants }, note).grants.open())).toEqual(["close"]);
  const told: number[] = [];
  const onRelease = (tell: (page: number) => void) => tell(7);
  const telling = { ...grants, open: () => ({ close() {}, onRelease }) as unknown as GrantFile };
  intercept("test", { grants: telling }, note).grants.open().onRelease!((page) => told.push(page));
  expect(told).toEqual([7]);
  expect(calls.at(-1)?.name).toBe("GrantFile.onRelease");
});

test("properties are read when they are asked for, and answers that are no objects pass as they are", () => {
  const { note } = noted();
  let reads = 0;
  const memory = {
    ...peerMemory(),
    get bytes(): Uint8Array<ArrayBuffer> {
      reads++;
      return new Uint8Array(4096);
    },
  };
  let answer: unknown = memory;
  const { maps } = intercept("test", { maps: mapBackend({ map: () => answer as typeof memory }) }, note);
  const mapped = maps.open().map(1, [8], true);
  const before = reads;
  expect([mapped.bytes.length, reads - before, "parts" in mapped]).toEqual([4096, 1, false]);
  for (answer of [undefined, null, 7, "x"]) expect(maps.open().map(1, [8], true)).toBe(answer);
});
