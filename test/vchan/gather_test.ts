/** Reads of a stream of small writes. */
import { expect, test } from "vitest";
import { PAGE_SIZE } from "../../src/contract/limits.ts";
import { Incoming } from "../../src/vchan/incoming.ts";
import { CLIENT, SERVER } from "../../src/vchan/layout.ts";
import type { Life } from "../../src/vchan/life.ts";
import { Pace } from "../../src/vchan/pace.ts";
import { WholeRing } from "../../src/vchan/ring_memory.ts";
import { RingReader } from "../../src/vchan/ring_reader.ts";
import { RingWriter } from "../../src/vchan/ring_writer.ts";
import { MappedPage } from "../../src/vchan/shared_page.ts";
import { Spin } from "../../src/vchan/spin.ts";

const SIZE = 4096;
const SMALL = new Uint8Array(64);

/** A page whose writer writes a small piece before each of the reader's first looks. */
class BusyPage extends MappedPage {
  pieces = 0;
  write = () => {};

  override loadIndex(word: number): number {
    if (word === SERVER.reading.produced && this.pieces > 0) {
      this.pieces--;
      this.write();
    }
    return super.loadIndex(word);
  }
}

/** The reader's end of a ring into which a number of small pieces come, one after the other. */
function incoming(pieces: number, spin: number): Incoming {
  const page = new BusyPage(new Uint8Array(PAGE_SIZE));
  const ring = new WholeRing(new Uint8Array(SIZE));
  const writer = new RingWriter(page, CLIENT, ring, SIZE, () => {});
  const reader = new RingReader(page, SERVER, ring, SIZE, () => {});
  page.write = () => void writer.write(SMALL, 0, SMALL.length);
  page.pieces = pieces;
  const life: Pick<Life, "checkReadable" | "peerIsGone"> = { checkReadable() {}, peerIsGone: () => false };
  return new Incoming(reader, life as Life, new Pace(), new Spin(spin));
}

test("a read with room for many pieces takes those that come one after the other", async () => {
  expect(await incoming(3, 1).read(new Uint8Array(SIZE), undefined)).toBe(3 * 64);
  expect(await incoming(3, 1).chunk(undefined)).toHaveLength(3 * 64);
});

test("a read with room for a few bytes, and one without spin, take what is there", async () => {
  expect(await incoming(1, 1).read(new Uint8Array(64), undefined)).toBe(64);
  const few = incoming(3, 1);
  expect(await few.read(new Uint8Array(1024), undefined)).toBe(64);
  expect(await incoming(3, 0).read(new Uint8Array(SIZE), undefined)).toBeLessThan(3 * 64);
});
