/** What the other side sees of a copy while it goes on. */
import { describe, expect, test } from "vitest";
import { PAGE_SIZE } from "../../src/contract/limits.ts";
import { CLIENT, SERVER } from "../../src/vchan/layout.ts";
import { WholeRing } from "../../src/vchan/ring_memory.ts";
import type { Life } from "../../src/vchan/life.ts";
import { Outgoing } from "../../src/vchan/outgoing.ts";
import { Pace } from "../../src/vchan/pace.ts";
import { RingReader } from "../../src/vchan/ring_reader.ts";
import { RingWriter } from "../../src/vchan/ring_writer.ts";
import { MappedPage } from "../../src/vchan/shared_page.ts";
import { Spin } from "../../src/vchan/spin.ts";

/** A page that notes the indices that are written. */
class NotedPage extends MappedPage {
  readonly indices: number[] = [];

  override storeIndex(word: number, value: number): void {
    this.indices.push(value);
    super.storeIndex(word, value);
  }
}

/** Both ends of a ring. */
function ends(size: number) {
  const page = new NotedPage(new Uint8Array(PAGE_SIZE));
  const ring = new WholeRing(new Uint8Array(size));
  const writer = new RingWriter(page, CLIENT, ring, size, () => {});
  const reader = new RingReader(page, SERVER, ring, size, () => {});
  const life: Pick<Life, "checkWritable"> = { checkWritable() {} };
  return { page, outgoing: new Outgoing(writer, life as Life, new Pace(), new Spin(0)), reader };
}

const KIB = 1024;

describe.each([
  [1, [1]],
  [4, [4]],
  [64, [16, 32, 48, 64]],
  [1024, [128, 256, 384, 512, 640, 768, 896, 1024]],
])("through a ring of %i KiB", (size, seen) => {
  const indices = seen.map((kib) => kib * KIB);

  test("a stream of its size is seen in steps, so that both ends are busy", async () => {
    const { page, outgoing, reader } = ends(size * KIB);
    await outgoing.write(new Uint8Array(size * KIB), undefined);
    expect(page.indices.splice(0)).toEqual(indices);
    reader.read(new Uint8Array(size * KIB), 0, size * KIB);
    expect(page.indices).toEqual(indices);
  });

  test("a packet of its size is seen at once", async () => {
    const { page, outgoing } = ends(size * KIB);
    await outgoing.send(new Uint8Array(size * KIB), undefined);
    expect(page.indices).toEqual([size * KIB]);
  });
});
