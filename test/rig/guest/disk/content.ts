/** What tests write to disks: each sector says where it is and in which round it was written, and the rest follows. */

const SECTOR = 512;
const WORDS = SECTOR / 4;

/** Returns the content of some sectors in a round, a number from 1 on. */
export function content(round: number, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(length / 4);
  for (let at = 0; at < words.length; at += WORDS) fill(words, at, round, (offset + at * 4) / SECTOR);
  return new Uint8Array(words.buffer);
}

function fill(words: Uint32Array, at: number, round: number, sector: number): void {
  words[at] = round;
  words[at + 1] = sector;
  let word = Math.imul(round, 0x9e3779b1) ^ sector;
  for (let index = 2; index < WORDS; index++) {
    word = Math.imul(word ^ (word >>> 15), 0x85ebca6b) + index;
    words[at + index] = word;
  }
}

/** Returns how many sectors have neither the content of a round, which may differ from one to the next, nor zeros. */
export function countTorn(bytes: Uint8Array<ArrayBuffer>, offset: number): number {
  const expected = new Uint32Array(WORDS);
  let torn = 0;
  for (let at = 0; at < bytes.length; at += SECTOR) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, WORDS);
    if (words[0] === 0) expected.fill(0);
    else fill(expected, 0, words[0]!, (offset + at) / SECTOR);
    if (words.some((word, index) => word !== expected[index])) torn++;
  }
  return torn;
}

/** Returns whether bytes are the same. */
export function isSame(found: Uint8Array<ArrayBuffer>, expected: Uint8Array<ArrayBuffer>): boolean {
  if (found.length !== expected.length) return false;
  const [left, right] = [found, expected].map(({ buffer, byteOffset, length }) =>
    new Uint32Array(buffer, byteOffset, length / 4)
  );
  return left!.every((word, index) => word === right![index]);
}
