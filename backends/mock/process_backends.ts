import type { StoreBackend, XenDomain } from "../../src/contract/backend.ts";
import { checkDomid } from "../../src/contract/checks.ts";
import { MockEventFile } from "./event_file.ts";
import { MockGrantFile } from "./grant_file.ts";
import type { ProcessState } from "./kernel.ts";
import { MockMapFile } from "./map_file.ts";
import { storeDevice, storeSocket } from "./store/backends.ts";

/** The backends of a program. */
export interface ProcessBackends extends XenDomain {
  readonly store: StoreBackend;
  readonly storeSocket: StoreBackend;
}

/** The backends of a process: what is opened through them ends with it. */
export function processBackends(process: ProcessState): ProcessBackends {
  const { domain } = process;
  return {
    grants: {
      name: "mock",
      get limitName() {
        return `\`limit\` of MockXen's domain ${domain.domid}`;
      },
      limit: () => domain.limit,
      open() {
        process.checkAlive("open");
        return new MockGrantFile(process);
      },
    },
    maps: {
      name: "mock",
      open() {
        process.checkAlive("open");
        return new MockMapFile(process);
      },
    },
    events: {
      name: "mock",
      open() {
        process.checkAlive("open");
        return new MockEventFile(process);
      },
    },
    store: storeDevice(process),
    storeSocket: storeSocket(process),
    // deno-lint-ignore require-await -- so that every failure rejects the promise
    async isAlive(domid) {
      checkDomid("look for a domain", domid);
      process.checkAlive("inspect", "look for a domain", "Ask");
      // XenStore tells only domain 0, and others only of themselves.
      if (domain.domid !== 0 && domain.domid !== domid) return undefined;
      const found = domain.machine.find(domid);
      return found !== undefined && !found.destroyed;
    },
  };
}
