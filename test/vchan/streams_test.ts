/** Web Streams and loops over a connection. */
import { describe, expect, test } from "vitest";
import { connected, pattern, turns } from "./support.ts";

describe("streams", () => {
  test("carry bytes into the buffers of a reader, and back", async () => {
    const { ours, theirs, finish } = await connected();
    const echo = ours.readable.pipeTo(ours.writable);
    const reader = theirs.readable.getReader({ mode: "byob" });
    const writer = theirs.writable.getWriter();
    const sent = pattern(100_000);
    const writing = writer.write(sent);
    const got: number[] = [];
    while (got.length < sent.length) {
      const { value } = await reader.read(new Uint8Array(7000));
      got.push(...value!);
    }
    expect(got).toEqual([...sent]);
    await writing;
    await writer.close();
    await echo;
    expect((await ours.closed).reason).toBe("peer-closed");
    await finish();
  });

  test("end when the other side has left and all was read", async () => {
    const { ours, theirs, finish } = await connected();
    await ours.write(pattern(10));
    ours.close();
    const chunks: Uint8Array[] = [];
    for await (const chunk of theirs.readable) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(pattern(10)));
    const { done } = await connected().then(async ({ ours, theirs, finish }) => {
      const reader = theirs.readable.getReader({ mode: "byob" });
      const reading = reader.read(new Uint8Array(10));
      ours.close();
      const result = await reading;
      await finish();
      return result;
    });
    expect(done).toBe(true);
    await finish();
  });

  test.each([["byob", "default"], ["default", "byob"], ["byob", "byob"]] as const)(
    "end for a %s reader that has taken the place of a %s reader that waited",
    async (last, first) => {
      const { ours, theirs, finish } = await connected();
      const read = (mode: "byob" | "default") => {
        if (mode === "default") {
          const reader = theirs.readable.getReader();
          return { reader, reading: reader.read() };
        }
        const reader = theirs.readable.getReader({ mode });
        return { reader, reading: reader.read(new Uint8Array(10)) };
      };
      const { reader, reading } = read(first);
      await turns();
      reader.releaseLock();
      await expect(reading).rejects.toThrow(TypeError);
      const second = read(last);
      await turns();
      ours.close();
      expect((await second.reading).done).toBe(true);
      await second.reader.closed;
      await finish();
    },
    2000,
  );

  test("close the connection when they are cancelled, closed or aborted", async () => {
    for (const end of ["cancel", "close", "abort"] as const) {
      const { ours, theirs, finish } = await connected();
      if (end === "cancel") {
        const reader = ours.readable.getReader();
        const reading = reader.read();
        await turns();
        await reader.cancel();
        expect((await reading).done).toBe(true);
      } else await ours.writable[end]();
      expect((await theirs.closed).reason).toBe("peer-closed");
      expect((await ours.closed).reason).toBe("closed");
      await finish();
    }
  });

  test("that are written to fail when the other side has left", async () => {
    const { ours, theirs, finish } = await connected();
    const writer = ours.writable.getWriter();
    theirs.close();
    await expect(writer.write(pattern(1))).rejects.toMatchObject({ code: "peer-closed" });
    await expect(writer.closed).rejects.toMatchObject({ code: "peer-closed" });
    await finish();
  });
});

test("iterating gives arrays as they come; leaving the loop leaves the connection open", async () => {
  const { ours, theirs, finish } = await connected();
  const iterator = ours[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await turns();
  await iterator.return!();
  expect(await waiting).toEqual({ value: undefined, done: true });
  expect(await iterator.next()).toEqual({ value: undefined, done: true });
  await theirs.write(pattern(10));
  for await (const bytes of ours) {
    expect(bytes).toEqual(pattern(10));
    break;
  }
  await theirs.write(pattern(3));
  theirs.close();
  const all: Uint8Array[] = [];
  for await (const bytes of ours) all.push(bytes);
  expect(all).toEqual([pattern(3)]);
  await finish();
});
