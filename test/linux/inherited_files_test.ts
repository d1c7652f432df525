/** Files of the library in programs that this process starts: such a program must not keep pages or ports alive. */
import { expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();
const O_CLOEXEC = 0o2000000;

/** The flags of all open files of this process, by descriptor and by what is open. */
function openFlags(): Map<string, number> {
  const flags = new Map<string, number>();
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const info = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
      const opened = Deno.readLinkSync(`/proc/self/fd/${name}`);
      flags.set(`${name} ${opened}`, parseInt(/^flags:\s+(\d+)$/m.exec(info)![1]!, 8));
    } catch (error) {
      // The descriptor that read the directory is closed by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return flags;
}

test("every file that the library opens is closed in programs that are started", () => {
  const before = openFlags();
  // Ordinary files instead of the devices, so that the system opens them and not the shim.
  const device = `${used.directory}/device`;
  Deno.writeTextFileSync(device, "");
  const system = denoDomain({ gntalloc: device, gntdev: device, evtchn: device });
  const { events } = denoDomain({ libc: used.libc });
  const files = [system.grants.open(), system.maps.open(), system.events.open(), events.open()];
  const channel = events.open();
  // Waiting opens an epoll instance and an event descriptor.
  const stop = channel.whenPending(() => expect.fail("nothing came"));
  const opened = [...openFlags()].filter(([file]) => !before.has(file));
  for (const what of [device, "eventpoll", "eventfd"]) {
    expect(opened.some(([file]) => file.includes(what)), `${what} in ${opened}`).toBe(true);
  }
  expect(opened.filter(([, flags]) => (flags & O_CLOEXEC) === 0)).toEqual([]);
  stop();
  for (const file of [...files, channel]) file.close();
});
