/**
 * A program that uses disks and serves them, as lines on its standard input ask: each has a verb and its arguments, and
 * is answered by a line. It is the same on Deno and on Node.
 */

import type { BlockBackend, FileDisk } from "../../../../examples/block/block_backend.ts";
import { type AttachOptions, BlockDevice, type BlockEnding } from "../../../../examples/block/block_device.ts";
import type { XenDomain } from "../../../../mod.ts";
import { content, isSame } from "./content.ts";
import { readdir, readlink, writeFile } from "node:fs/promises";

/** Bytes of a disk that are written or read by several requests, some of them at once. */
interface Pieces {
  readonly disk: string;
  readonly round: number;
  readonly offset: number;
  readonly length: number;
  /** The bytes of a request. */
  readonly request: number;
  readonly lanes: number;
}

/** What endless reads and writes have come to. */
interface Churn {
  rounds: number;
  wrong: number;
  failures: string[];
  isStopping: boolean;
  done: Promise<unknown>;
}

interface Served {
  readonly backend: BlockBackend;
  readonly file: FileDisk;
}

/** Bytes of the requests of endless reads and writes. */
const LENGTHS = [4096, 512, 65536, 12288, 262144, 1024];

class Verbs {
  readonly #domain: XenDomain;
  readonly #disks = new Map<string, BlockDevice>();
  readonly #churns = new Map<string, Churn>();
  readonly #served = new Map<string, Served>();

  constructor(domain: XenDomain) {
    this.#domain = domain;
  }

  #disk(name: string): BlockDevice {
    const disk = this.#disks.get(name);
    if (!disk) throw new Error(`${name} is not attached`);
    return disk;
  }

  /** Attaches a disk. Returns what it is like. */
  async attach({ disk: name, options }: { disk: string; options?: AttachOptions }) {
    const disk = await BlockDevice.attach(this.#domain, name, options);
    this.#disks.set(name, disk);
    const { size, sectorSize, readOnly, persistent, maxBytes, canFlush, canDiscard } = disk;
    return { size, sectorSize, readOnly, persistent, maxBytes, canFlush, canDiscard };
  }

  async detach({ disk }: { disk: string }): Promise<void> {
    await this.#disk(disk).detach();
    this.#disks.delete(disk);
  }

  /** Writes the content of a round. */
  async write({ disk, round, ...pieces }: Pieces) {
    await each(pieces, (offset, length) => this.#disk(disk).write(offset, content(round, offset, length)));
  }

  /** Reads the content of a round. Returns how many requests had something else. */
  async read({ disk, round, ...pieces }: Pieces): Promise<number> {
    let wrong = 0;
    await each(pieces, async (offset, length) => {
      const found = await this.#disk(disk).read(offset, length);
      if (!isSame(found, content(round, offset, length))) wrong++;
    });
    return wrong;
  }

  async flush({ disk }: { disk: string }): Promise<void> {
    await this.#disk(disk).flush();
  }

  async discard({ disk, offset, length }: { disk: string; offset: number; length: number }): Promise<void> {
    await this.#disk(disk).discard(offset, length);
  }

  /** Reads and writes for ever: each lane in a span of bytes of its own. */
  churn({ disk: name, lanes, span }: { disk: string; lanes: number; span: number }): void {
    const disk = this.#disk(name);
    const churn: Churn = { rounds: 0, wrong: 0, failures: [], isStopping: false, done: Promise.resolve() };
    this.#churns.set(name, churn);
    const lane = async (start: number) => {
      for (let round = 1; !churn.isStopping; round++) {
        const length = Math.min(span, LENGTHS[round % LENGTHS.length]!);
        const offset = start + (round * 8192) % (span - length + 512);
        const bytes = content(round, offset, length);
        await disk.write(offset, bytes);
        if (!isSame(await disk.read(offset, length), bytes)) churn.wrong++;
        if (round % 16 === 0 && disk.canFlush) await disk.flush();
        churn.rounds++;
      }
    };
    const run = (index: number) => lane(index * span).catch((error) => void churn.failures.push(codeOf(error)));
    churn.done = Promise.all(Array.from({ length: lanes }, (_, index) => run(index)));
  }

  /** Ends endless reads and writes, unless they have failed. Returns what they have come to. */
  async churned({ disk, stop }: { disk: string; stop: boolean }) {
    const churn = this.#churns.get(disk)!;
    if (stop) churn.isStopping = true;
    await churn.done;
    return { rounds: churn.rounds, wrong: churn.wrong, failures: churn.failures };
  }

  /** How often endless reads and writes have gone round, so far. */
  rounds({ disk }: { disk: string }): number {
    return this.#churns.get(disk)!.rounds;
  }

  /** Writes the content of a round into a file, for programs of the shell. */
  async keep({ path, round, length }: { path: string; round: number; length: number }): Promise<void> {
    await writeFile(path, content(round, 0, length));
  }

  /** How many files of Xen's devices this program has open. */
  async openDevices(): Promise<number> {
    const files = await readdir("/proc/self/fd");
    // The one that the folder was read with is closed by now.
    const names = await Promise.all(files.map((file) => readlink(`/proc/self/fd/${file}`).catch(() => "")));
    return names.filter((name) => name.startsWith("/dev/xen/")).length;
  }

  /** Waits until a disk has ended, and says why. */
  async closed({ disk }: { disk: string }): Promise<BlockEnding["reason"]> {
    const { reason } = await this.#disk(disk).closed;
    this.#disks.delete(disk);
    return reason;
  }

  /** Waits until a disk has another size, reading now and then as the backend may look only then. */
  async resized({ disk: name, size }: { disk: string; size: number }): Promise<void> {
    const disk = this.#disk(name);
    for (let look = 0; disk.size !== size; look++) {
      if (look === 100) throw new Error(`${name} has ${disk.size} bytes, and not ${size}`);
      await disk.read(0, 512);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Serves a file as a disk, for which a device was made. */
  async serve({ frontend, disk, path, readOnly }: { frontend: number; disk: string; path: string; readOnly: boolean }) {
    // Only now, so that programs that only use disks, and are killed many times, start sooner.
    const { BlockBackend, FileDisk } = await import("../../../../examples/block/block_backend.ts");
    const file = await FileDisk.open(path, { readOnly });
    const backend = await BlockBackend.serve(this.#domain, frontend, disk, file);
    this.#served.set(disk, { backend, file });
  }

  /** Looks at the size of a file again, and tells the frontend. */
  async resize({ disk }: { disk: string }): Promise<void> {
    const { backend, file } = this.#served.get(disk)!;
    await file.refresh();
    await backend.resized();
  }

  /** How many pages a backend has mapped, beside the ring, and why it has refused frontends. */
  served({ disk }: { disk: string }) {
    const { backend } = this.#served.get(disk)!;
    return { mapped: backend.mapped, failures: backend.failures.map((error) => String(error).slice(0, 200)) };
  }

  /** Stops serving a disk, or waits until the device or its domain is gone. Returns as {@linkcode Verbs.served}. */
  async unserve({ disk, wait = false }: { disk: string; wait?: boolean }) {
    const { backend, file } = this.#served.get(disk)!;
    if (wait) await backend.closed;
    await backend.close();
    await file[Symbol.asyncDispose]();
    const last = this.served({ disk });
    this.#served.delete(disk);
    return last;
  }
}

/** Runs a function for each piece, some of them at once. */
async function each(
  { offset, length, request, lanes }: Omit<Pieces, "disk" | "round">,
  run: (offset: number, length: number) => Promise<void>,
): Promise<void> {
  let next = offset;
  const lane = async () => {
    while (next < offset + length) {
      const at = next;
      next += request;
      await run(at, Math.min(request, offset + length - at));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function codeOf(error: unknown): string {
  const { code, name, message } = error as { code?: string; name: string; message: string };
  return `${code ?? name}: ${message}`;
}

/** Does what lines ask, until there are no more. */
export async function serve(
  domain: XenDomain,
  lines: AsyncIterable<string>,
  print: (line: string) => void,
): Promise<void> {
  const verbs = new Verbs(domain);
  for await (const line of lines) {
    const [verb, args] = JSON.parse(line) as [keyof Verbs, never];
    try {
      print(JSON.stringify({ value: await verbs[verb](args) ?? null }));
    } catch (error) {
      print(JSON.stringify({ error: codeOf(error) }));
    }
  }
}
