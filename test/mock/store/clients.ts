import { beforeEach } from "vitest";
import { MockXen, type MockXenOptions } from "../../../backends/mock.ts";
import { Client } from "./client.ts";

/** The simulated Xen of the test. */
export let xen: MockXen;
/** Domain 0, on the daemon's socket. */
export let dom0: Client;
/** Domain 1, on its device. */
export let one: Client;
/** Domain 2, on its device. */
export let two: Client;

/** Gives every test of the file a Xen of its own, with a client in each of three domains. */
export function useClients(options?: MockXenOptions): void {
  beforeEach(() => {
    xen = new MockXen(options);
    dom0 = new Client(xen.domain(0).storeSocket);
    one = new Client(xen.domain(1).store);
    two = new Client(xen.domain(2).store);
  });
}
