import type { StoreBackend } from "../../../src/contract/store_backend.ts";
import { StoreError } from "../../../src/contract/store_errors.ts";
import type { ProcessState } from "../kernel.ts";
import { checkStoreAlive } from "./connection.ts";
import { DeviceConnection } from "./device.ts";
import { storeOf } from "./machine_store.ts";
import { SocketConnection } from "./socket.ts";

/** XenStore through the device of the domain. */
export function storeDevice(process: ProcessState): StoreBackend {
  const { domain } = process;
  return {
    name: "mock",
    open() {
      checkStoreAlive(process, "open");
      return new DeviceConnection(process, storeOf(domain.machine).kernel(domain.domid));
    },
  };
}

/** XenStore through the socket of the daemon, which runs in domain 0. */
export function storeSocket(process: ProcessState): StoreBackend {
  return {
    name: "mock",
    open() {
      checkStoreAlive(process, "open");
      const { machine, domid } = process.domain;
      if (domid === 0) return new SocketConnection(process, storeOf(machine).daemon);
      throw new StoreError(
        `Cannot open: domain ${domid} has no socket of XenStore's daemon, which runs in domain 0. ` +
          "Use the `store` of the domain.",
        { code: "no-device", operation: "open" },
      );
    },
  };
}
