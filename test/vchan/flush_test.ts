/** Waiting until the other side has read everything. */
import { expect, test } from "vitest";
import { VchanError } from "../../src/vchan/mod.ts";
import { connected, turns } from "./support.ts";

test("`flush()` waits until everything is read, and not longer", async () => {
  const { ours, theirs, finish } = await connected();
  await theirs.flush();
  await theirs.write(new Uint8Array(1000));
  let isFlushed = false;
  const flushing = theirs.flush().then(() => isFlushed = true);
  await ours.receive(new Uint8Array(999));
  await turns(10);
  expect(isFlushed).toBe(false);
  await ours.receive(new Uint8Array(1));
  await flushing;
  await finish();
});

test("`flush()` takes its turn after the calls that write", async () => {
  const { ours, theirs, finish } = await connected();
  const room = theirs.bufferSpace;
  const writing = theirs.write(new Uint8Array(2 * room));
  const done: string[] = [];
  const all = Promise.all([writing.then(() => done.push("write")), theirs.flush().then(() => done.push("flush"))]);
  for (let left = 2 * room; left > 0;) left -= (await ours.read(new Uint8Array(room)))!;
  await all;
  expect(done).toEqual(["write", "flush"]);
  await finish();
});

test("`flush()` fails if the other side leaves before it has read everything", async () => {
  const { ours, theirs, finish } = await connected();
  await theirs.write(new Uint8Array(10));
  const flushing = theirs.flush().catch((error: unknown) => error);
  ours.close();
  const error = await flushing;
  expect(error).toBeInstanceOf(VchanError);
  expect(error).toMatchObject({ code: "peer-closed", operation: "flush" });
  await finish();
});

test("`flush()` succeeds if the other side has read everything, and left", async () => {
  const { ours, theirs, finish } = await connected();
  await theirs.write(new Uint8Array(10));
  await ours.receive(new Uint8Array(10));
  ours.close();
  await theirs.closed;
  await theirs.flush();
  theirs.close();
  await expect(theirs.flush()).rejects.toMatchObject({ code: "closed", operation: "flush" });
  await finish();
});

test("a signal gives `flush()` up, and the connection goes on", async () => {
  const { ours, theirs, finish } = await connected();
  await theirs.write(new Uint8Array(10));
  const stop = new AbortController();
  const flushing = theirs.flush({ signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(flushing).rejects.toThrow("enough");
  await theirs.write(new Uint8Array(10));
  await ours.receive(new Uint8Array(20));
  await theirs.flush();
  await finish();
});
