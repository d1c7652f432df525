/** Web Streams and loops over a connection. */
import { describe, expect, test } from "vitest";
import { connected, pattern, readExactly, turns } from "./support.ts";

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

  test.each(
    [["peer-closed", "theirs"], ["closed", "ours"]] as const,
  )("to the other side fail with `%s` when the connection has ended, even if nothing is written", async (code, end) => {
    const { ours, theirs, finish } = await connected();
    const silent = new ReadableStream<Uint8Array>({ cancel: (reason) => cancelled.resolve(reason) });
    const cancelled = Promise.withResolvers<unknown>();
    const failure = { code, operation: "write" };
    const failing = expect(silent.pipeTo(ours.writable)).rejects.toMatchObject(failure);
    await turns();
    (end === "ours" ? ours : theirs).close();
    await failing;
    expect(await cancelled.promise).toMatchObject(failure);
    await expect(ours.writable.getWriter().closed).rejects.toMatchObject(failure);
    await finish();
  }, 2000);

  test("to the other side are closed by what is piped into them, also if the other side has left first", async () => {
    // So that some of the answers take a turn of the event loop: one of 512 does.
    for (let calls = 500; calls < 520; calls++) {
      const { ours, theirs, finish } = await connected({ spin: 0 });
      for (let call = 0; call < calls; call++) await ours.write(new Uint8Array());
      const echo = ours.readable.pipeTo(ours.writable);
      if (calls % 2 === 0) await turns(2);
      theirs.close();
      await echo;
      expect(ours.ending).toEqual({ reason: "peer-closed" });
      await finish();
    }
  });

  test("to the other side refuse what is not bytes, which leaves the connection open", async () => {
    const { ours, theirs, finish } = await connected();
    const writer = ours.writable.getWriter();
    await expect(writer.write("text" as never)).rejects.toThrow(TypeError);
    await expect(writer.closed).rejects.toThrow("Cannot write as `bytes` must be a Uint8Array");
    await ours.write(pattern(3));
    expect(await readExactly(theirs, 3)).toEqual(pattern(3));
    await finish();
  });

  test("to the other side can be aborted while a write waits for room", async () => {
    const { ours, theirs, finish } = await connected({ readSize: 1024, writeSize: 1024 });
    const room = ours.bufferSpace;
    const writer = ours.writable.getWriter();
    const reason = new Error("enough");
    const writing = expect(writer.write(pattern(10_000))).rejects.toBe(reason);
    await turns();
    await writer.abort(reason);
    await writing;
    await expect(writer.closed).rejects.toBe(reason);
    expect((await ours.closed).reason).toBe("closed");
    expect(await readExactly(theirs, 10_000)).toEqual(pattern(room));
    await finish();
  }, 2000);

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
