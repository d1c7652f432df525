/** An entry of an archive. The folders above it are added by themselves. */
export type Entry =
  | { path: string; executable?: boolean; from: string }
  | { path: string; executable?: boolean; text: string }
  | { path: string; link: string }
  | { path: string; folder: true };

const FOLDER = 0o040755;
const FILE = 0o100644;
const EXECUTABLE = 0o100755;
const LINK = 0o120777;

/**
 * Writes an uncompressed cpio archive in the format "newc", which Linux unpacks as an initramfs.
 *
 * The cpio tool would need a staging tree of a hundred megabytes.
 */
export async function writeCpio(file: string, entries: Entry[]): Promise<void> {
  using output = await Deno.open(file, {
    write: true,
    create: true,
    truncate: true,
  });
  const seen = new Set<string>();
  let inode = 0;
  const add = (path: string, mode: number, data: Uint8Array) => {
    if (seen.has(path)) throw new Error(`${path} is twice in ${file}`);
    seen.add(path);
    const name = new TextEncoder().encode(`${path}\0`);
    const fields = [
      ++inode,
      mode,
      0, // user
      0, // group
      1, // links
      0, // time: none, so that the same input gives the same archive
      data.length,
      0, // device, major and minor
      0,
      0, // special file, major and minor
      0,
      name.length,
      0, // checksum: unused in newc
    ];
    const header = new TextEncoder().encode(
      "070701" + fields.map((n) => n.toString(16).padStart(8, "0")).join(""),
    );
    writeAll(output, header);
    writeAll(output, name);
    writeAll(output, padding(header.length + name.length));
    writeAll(output, data);
    writeAll(output, padding(data.length));
  };
  const addFolder = (path: string) => {
    if (path === "" || seen.has(path)) return;
    addFolder(path.split("/").slice(0, -1).join("/"));
    add(path, FOLDER, new Uint8Array());
  };

  for (const entry of entries) {
    if ("folder" in entry) {
      addFolder(entry.path);
      continue;
    }
    addFolder(entry.path.split("/").slice(0, -1).join("/"));
    if ("link" in entry) {
      add(entry.path, LINK, new TextEncoder().encode(entry.link));
      continue;
    }
    const data = "from" in entry ? await Deno.readFile(entry.from) : new TextEncoder().encode(entry.text);
    add(entry.path, entry.executable ? EXECUTABLE : FILE, data);
  }
  add("TRAILER!!!", 0, new Uint8Array());
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - length % 4) % 4);
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += file.writeSync(bytes.subarray(done));
  }
}
