/**
 * A disk between two domains. In a domU, reads and writes a disk whose backend is in dom0, usually that of its kernel;
 * in dom0, serves a file as a disk to a domU, usually to its kernel.
 *
 * ```sh
 * deno run examples/block.ts                                          # both sides, on a simulated Xen
 * deno run --allow-ffi examples/block.ts show xvdb                    # in a domU: what the disk is like
 * deno run --allow-ffi examples/block.ts read xvdb 0 4096 >sectors    # in a domU: reads 4096 bytes from byte 0 on
 * deno run --allow-ffi examples/block.ts write xvdb 4096 <sectors     # in a domU: writes from byte 4096 on
 * deno run --allow-ffi --allow-read --allow-write examples/block.ts serve 5 xvdc disk.img [--read-only]
 *                                                                     # in dom0: gives domain 5 a disk, until Ctrl-C
 * ```
 *
 * In the domU, no driver of the kernel may have the disk: `echo vbd-51728 >/sys/bus/xen/drivers/vbd/unbind`.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import process from "node:process";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import type { XenDomain } from "../mod.ts";
import { removeDevice } from "../src/pv/mod.ts";
import { BlockBackend, BytesDisk, createDisk, FileDisk, placeOfDisk } from "./block/block_backend.ts";
import { BlockDevice } from "./block/block_device.ts";
import { serveDisk } from "./block/serve_disk.ts";

/** Runs a function with a disk, and detaches that whatever happens. */
async function withDisk(
  domain: XenDomain,
  name: string,
  run: (disk: BlockDevice) => void | Promise<void>,
): Promise<void> {
  const disk = await BlockDevice.attach(domain, name);
  try {
    await run(disk);
  } finally {
    await disk.detach();
  }
}

function describe(name: string, disk: BlockDevice): string {
  const can = [
    disk.readOnly ? "read-only" : "writable",
    ...(disk.canFlush ? ["flush"] : []),
    ...(disk.canDiscard ? ["discard"] : []),
    disk.persistent ? "persistent grants" : "fresh grants",
  ];
  return `${name}: ${disk.size} bytes in sectors of ${disk.sectorSize}, ${disk.maxBytes} bytes a request; ${
    can.join(", ")
  }`;
}

/** Writes to the standard output, and waits until it has taken the bytes. */
function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(bytes, (error) => error ? reject(error) : resolve()));
}

/** Reads all of the standard input. */
async function readIn(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** In dom0: serves a file until the program is asked to end. */
async function serve(
  domain: XenDomain,
  frontend: number,
  name: string,
  path: string,
  readOnly: boolean,
): Promise<void> {
  await using file = await FileDisk.open(path, { readOnly });
  const asked = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const onServed = () => console.error(`serving ${path} to domain ${frontend} as ${name}`);
  await serveDisk(domain, frontend, name, file, asked, onServed);
}

/** Both sides on a simulated Xen. */
async function demonstrate(): Promise<void> {
  using xen = new MockXen();
  const [dom0, domU] = [xen.domain(0), xen.domain(1)];
  await createDisk(dom0, 1, "xvdb");
  const memory = new BytesDisk(new Uint8Array(1024 * 1024));
  const backend = await BlockBackend.serve(dom0, 1, "xvdb", memory);
  console.log("on a simulated Xen, domain 0 serves a disk in memory to domain 1");

  await withDisk(domU, "xvdb", async (disk) => {
    console.log(describe("xvdb", disk));
    const page = new Uint8Array(4096);
    page.set(new TextEncoder().encode("Sectors remember what programs forget.\n"));
    await disk.write(8192, page);
    await disk.flush();
  });
  console.log("one program has written a text, and detached the disk; the next one reads:");
  await withDisk(domU, "xvdb", async (disk) => {
    const bytes = await disk.read(8192, 512);
    console.log(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0))).trimEnd());
  });
  await removeDevice(dom0, placeOfDisk("xvdb", 1));
  await backend.closed;
}

const USAGE = `usage: block.ts [show <disk> | read <disk> <offset> <length> | write <disk> <offset>
                 | serve <domain> <disk> <file> [--read-only]]`;

/** Reads the command line, which may be wrong. */
function readArguments() {
  try {
    return parseArgs({
      options: { help: { type: "boolean", short: "h" }, "read-only": { type: "boolean", default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [task, first = "", second = "", third = ""] = positionals;
const isNumber = (text: string) => /^\d+$/.test(text);
const { length } = positionals;
if (task === undefined) {
  await demonstrate();
} else if (task === "show" && length === 2) {
  await withDisk(denoDomain(), first, (disk) => console.log(describe(first, disk)));
} else if (task === "read" && length === 4 && isNumber(second) && isNumber(third)) {
  await withDisk(denoDomain(), first, async (disk) => await writeOut(await disk.read(Number(second), Number(third))));
} else if (task === "write" && length === 3 && isNumber(second)) {
  const bytes = await readIn();
  await withDisk(denoDomain(), first, async (disk) => {
    await disk.write(Number(second), bytes);
    await disk.flush();
  });
} else if (task === "serve" && length === 4 && isNumber(first)) {
  await serve(denoDomain(), Number(first), second, third, values["read-only"]);
  process.exit();
} else {
  console.error(USAGE);
  process.exit(2);
}
