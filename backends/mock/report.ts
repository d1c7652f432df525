import type { DomainState, MachineState } from "./kernel.ts";
import type { Port } from "./port_table.ts";

/** What the domains of a simulated Xen hold: plain data, which later changes do not affect. */
export interface MockXenReport {
  /** The domains that exist, in the order in which they were created. */
  readonly domains: readonly MockDomainReport[];
}

/** What a domain holds. */
export interface MockDomainReport {
  /** Its number. */
  readonly domid: number;
  /** Whether it was destroyed. It stays while others map its pages. */
  readonly destroyed: boolean;
  /** The driver's limit, in pages. */
  readonly limit: number;
  /** How many pages count toward the limit. */
  readonly counted: number;
  /** Its programs that were not killed. */
  readonly processes: readonly MockProcessReport[];
  /** The pages that it grants, by ascending reference. */
  readonly grants: readonly MockGrantReport[];
  /** Its mappings of granted pages, oldest first. */
  readonly mappings: readonly MockMappingReport[];
  /** Its bound ports, and those that are void. */
  readonly ports: readonly MockPortReport[];
  /** The connections to XenStore that its programs have open, oldest first. */
  readonly connections: readonly MockConnectionReport[];
}

/** What a program holds. */
export interface MockProcessReport {
  /** Its number in the domain. That of the main program is 0. */
  readonly process: number;
  /** How many files of allocators, of event channels and of XenStore it has open. */
  readonly files: number;
  /** How many of the pages that it grants it maps itself. A page that is mapped twice counts twice. */
  readonly ownPages: number;
}

/** A granted page. */
export interface MockGrantReport {
  /** Its reference. */
  readonly gref: number;
  /** The domain that can map it. */
  readonly domid: number;
  /** Whether that domain can write to it. */
  readonly writable: boolean;
  /** The number of the program that granted it; `undefined` if the program is gone or has closed its allocator. */
  readonly process: number | undefined;
  /** Whether it is mapped although its owner has freed it, or died. */
  readonly held: boolean;
  /** Whether it is mapped by its reference. */
  readonly mapped: boolean;
  /** Whether the domain was restored since it granted the page: nobody can map it any more. */
  readonly voided: boolean;
}

/** A mapping of granted pages. */
export interface MockMappingReport {
  /** The number of the program that has it. */
  readonly process: number;
  /** Whether the pages are mapped for writing. */
  readonly writable: boolean;
  /** The pages, in order: who granted each, and by which reference. */
  readonly pages: readonly { readonly domid: number; readonly gref: number }[];
}

/** A port that is bound, or void. */
export interface MockPortReport {
  /** Its number. */
  readonly port: number;
  /** The number of the program that bound it; `undefined` if only an unmap notify holds it. */
  readonly process: number | undefined;
  /** The domain that is, or may be, at the other end; `undefined` for a virtual interrupt. */
  readonly domid: number | undefined;
  /** The port at the other end, if one is bound. */
  readonly remotePort: number | undefined;
  /** The virtual interrupt that is bound to it, if there is one. */
  readonly virq: number | undefined;
  /**
   * Whether the domain was restored since the port was bound. Xen no longer knows it, and a new port may have its
   * number, but the kernel of its program crashes when it is unbound.
   */
  readonly voided: boolean;
}

/** A connection to XenStore. */
export interface MockConnectionReport {
  /** The number of the program that has it. */
  readonly process: number;
  /** Whether it is the device, or the socket of the daemon. */
  readonly kind: "device" | "socket";
  /** How many watches it has. */
  readonly watches: number;
  /** How many transactions it has open. */
  readonly transactions: number;
}

/** What a machine holds. */
export function reportOf(machine: MachineState): MockXenReport {
  return { domains: [...machine.domains()].map(reportOfDomain) };
}

function reportOfDomain(domain: DomainState): MockDomainReport {
  const { domid, destroyed, limit, counted, table, ports, mappings, files } = domain;
  const granters = new Map([...files].map(({ number, process }) => [number, process.number]));
  return {
    domid,
    destroyed,
    limit,
    counted,
    processes: [...domain.processes].map((process) => ({
      process: process.number,
      files: [...files].filter((file) => file.process === process).length,
      ownPages: process.ownPages,
    })),
    grants: [...table.grefs()].map((gref) => ({
      gref,
      domid: table.domid(gref),
      writable: table.isWritable(gref),
      process: granters.get(table.file(gref)),
      held: domain.isHeld(gref),
      mapped: table.isMapped(gref),
      voided: table.isVoid(gref),
    })),
    mappings: [...mappings].map((mapping) => ({
      process: mapping.process.number,
      writable: mapping.writable,
      pages: mapping.grefs.map((gref, index) => ({ domid: mapping.granter(index).domid, gref })),
    })),
    ports: [
      ...[...ports.all()].map((port) => reportOfPort(port, port.file?.process.number, false)),
      ...[...files].flatMap(({ process, voidPorts = [] }) =>
        voidPorts.map((port) => reportOfPort(port, process.number, true))
      ),
    ],
    connections: [...files].flatMap(({ process, store }) => store ? [{ process: process.number, ...store }] : []),
  };
}

function reportOfPort(
  { number, domid, remote, virq }: Port,
  process: number | undefined,
  voided: boolean,
): MockPortReport {
  return { port: number, process, domid, remotePort: remote?.number, virq, voided };
}
