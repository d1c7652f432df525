/**
 * Machines with a planted fault each, to see whether the comparison finds it. The fault is in the backend if possible,
 * otherwise around the calls.
 *
 * @module
 */
import type { GrantBackend, GrantFile, MapBackend } from "../../src/contract/backend.ts";
import { replaceMethods } from "../support/replace_methods.ts";
import { LibraryMachine, type LibraryMachineOptions } from "./library_machine.ts";
import { type File, type Machine, type Mapped, Refused } from "./machine.ts";

/** Makes a machine with other files of the granter. */
function withFiles(change: (file: GrantFile) => Partial<GrantFile>, options: LibraryMachineOptions = {}): Machine {
  const grantBackend = (backend: GrantBackend) => replaceMethods(backend, change);
  return new LibraryMachine({ ...options, grantBackend });
}

/** Makes a machine that does something around its calls. */
export function around(change: (file: File) => Partial<File>): Machine {
  const machine = new LibraryMachine();
  return {
    setLimit: (pages) => machine.setLimit(pages),
    peerMap: (grefs, writable) => machine.peerMap(grefs, writable),
    open() {
      const file = machine.open();
      const own: File = {
        allocate: file.allocate.bind(file),
        free: file.free.bind(file),
        map: file.map.bind(file),
        notify: file.notify.bind(file),
        close: file.close.bind(file),
      };
      return { ...own, ...change(own) };
    },
  };
}

/** Writes a byte to every page of a run. */
function fill(file: GrantFile, page: number, count: number, gref: number, byte: number): void {
  const memory = file.map(page, count, gref, true);
  memory.bytes.fill(byte);
  memory.unmap();
}

/** The faults, and machines that have them. */
export const MUTANTS: Readonly<Record<string, () => Machine>> = {
  "pages that the peer holds count": () => new LibraryMachine({ profile: "linux-5.16" }),
  "one page more than the limit": () =>
    new class extends LibraryMachine {
      override setLimit(pages: number): void {
        super.setLimit(pages > 0 ? pages + 1 : pages);
      }
    }(),
  "a limit of 0 is none": () =>
    new class extends LibraryMachine {
      override setLimit(pages: number): void {
        super.setLimit(pages === 0 ? -1 : pages);
      }
    }(),
  "pages are not zeroed": () =>
    withFiles((file) => ({
      grant(page, count, domid, writable, grefs) {
        file.grant(page, count, domid, writable, grefs);
        fill(file, page, count, grefs[0]!, 1);
      },
    })),
  "pages that the peer holds are wiped": () =>
    withFiles((file) => ({
      endAccess(page, count, grefs) {
        for (let offset = 0; offset < count; offset++) fill(file, page + offset, 1, grefs[offset]!, 0);
        return file.endAccess(page, count, grefs);
      },
    })),
  "access ends with the next allocation": () => {
    let late: (() => void)[] = [];
    return withFiles((file) => ({
      grant(...args) {
        late.forEach((end) => end());
        late = [];
        file.grant(...args);
      },
      endAccess(page, count, grefs) {
        const own = grefs.slice(0, count);
        late.push(() => file.endAccess(page, count, own));
        return [];
      },
    }));
  },
  "the peer may write to what is granted read-only": () =>
    withFiles((file) => ({
      grant: (page, count, domid, _writable, grefs) => file.grant(page, count, domid, true, grefs),
    })),
  "whatever domain is granted pages, the peer is": () =>
    withFiles((file) => ({
      grant: (page, count, _domid, writable, grefs) => file.grant(page, count, 0, writable, grefs),
    })),
  "no byte is cleared": () =>
    withFiles((file) => ({
      setUnmapNotify(page, gref, notify) {
        file.setUnmapNotify(page, gref, notify.eventPort === undefined ? {} : notify);
      },
    })),
  "the byte behind is cleared": () =>
    withFiles((file) => ({
      setUnmapNotify(page, gref, { clearByte, ...notify }) {
        const changed = clearByte === undefined ? notify : { ...notify, clearByte: (clearByte + 1) % 4096 };
        file.setUnmapNotify(page, gref, changed);
      },
    })),
  "an unmap notify cannot be cancelled": () =>
    withFiles((file) => ({
      setUnmapNotify(page, gref, notify) {
        if (Object.keys(notify).length > 0) file.setUnmapNotify(page, gref, notify);
      },
    })),
  "a refused unmap notify takes the place of the one before": () =>
    withFiles((file) => ({
      setUnmapNotify(page, gref, notify) {
        if (notify.eventPort !== undefined) file.setUnmapNotify(page, gref, {});
        file.setUnmapNotify(page, gref, notify);
      },
    })),
  "the peer maps a copy": () =>
    new LibraryMachine({
      mapBackend: (backend: MapBackend): MapBackend => ({
        ...backend,
        open() {
          const file = backend.open();
          return {
            map(...args) {
              const memory = file.map(...args);
              return {
                bytes: memory.bytes.slice(),
                unmap: () => memory.unmap(),
                setUnmapNotify: (notify) => memory.setUnmapNotify(notify),
              };
            },
            copy: (segments) => file.copy(segments),
            close: () => file.close(),
          };
        },
      }),
    }),
  "a failed allocation moves the index": () =>
    around((file) => {
      let moved = 0;
      return {
        allocate(domid, pages, writable) {
          try {
            const { page, grefs } = file.allocate(domid, pages, writable);
            return { page: page + moved, grefs };
          } catch (error) {
            if (error instanceof Refused) moved += pages;
            throw error;
          }
        },
      };
    }),
  "a run across allocations is not freed": () =>
    around((file) => {
      const starts: number[] = [];
      return {
        allocate(domid, pages, writable) {
          const result = file.allocate(domid, pages, writable);
          starts.push(result.page);
          return result;
        },
        free(page, pages) {
          if (starts.some((start) => start > page && start < page + pages)) throw new Refused("EINVAL");
          file.free(page, pages);
        },
      };
    }),
  "a free that is refused has freed the pages before the hole": () =>
    around((file) => ({
      free(page, pages) {
        if (pages > 64) file.free(page, pages);
        for (let offset = 0; offset < pages; offset++) file.free(page + offset, 1);
      },
    })),
  "pages that are mapped cannot be freed": () =>
    around((file) => {
      let mappings = 0;
      return {
        map(page, pages, writable): Mapped {
          const memory = file.map(page, pages, writable);
          mappings++;
          return {
            read: (page) => memory.read(page),
            write: (offset, byte) => memory.write(offset, byte),
            unmap() {
              mappings--;
              memory.unmap();
            },
          };
        },
        free(page, pages) {
          if (mappings > 0) throw new Refused("EBUSY");
          file.free(page, pages);
        },
      };
    }),
  "the end of a mapping lets go of its first page alone": () =>
    around((file) => ({
      map(page, pages, writable) {
        const memory = file.map(page, pages, writable);
        if (pages > 1) file.map(page + 1, pages - 1, writable);
        return memory;
      },
    })),
  "what is closed cannot be seen through its mappings": () =>
    around((file) => {
      const mappings = new Set<Mapped>();
      return {
        map(page, pages, writable) {
          const memory = file.map(page, pages, writable);
          mappings.add(memory);
          return memory;
        },
        close() {
          for (const memory of mappings) memory.unmap();
          file.close();
        },
      };
    }),
  "a run that is not found is an invalid one": () =>
    around((file) => ({
      map(page, pages, writable) {
        try {
          return file.map(page, pages, writable);
        } catch (error) {
          throw error instanceof Refused ? new Refused("EINVAL") : error;
        }
      },
    })),
};
