/**
 * What the conformance suites need of a simulated Xen. The tests of the sources use this too, so it imports only types.
 */

import type { MockMemory, MockProfile, MockStoreDaemon, MockXen } from "@gntalloc/gntalloc/mock";

/** Domain 1 grants pages, and domain 0 is its peer. */
export function grantsTarget(xen: MockXen, profile: MockProfile, memory: MockMemory) {
  const granter = xen.domain(1);
  return {
    granter,
    granterDomid: 1,
    peer: xen.domain(0),
    peerDomid: 0,
    joinsPages: false,
    setLimit: (pages: number) => void (granter.limit = pages),
    keptViews: memory === "slabs" ? "alive" as const : "detached" as const,
    heldPagesCount: profile === "linux-5.16",
    close: () => xen.assertClean(),
  };
}

/** A domain has event channels to a peer, which may be itself. */
export function eventsTarget(xen: MockXen, peerDomid: number, domid = 1) {
  return {
    domain: xen.domain(domid),
    domid,
    knowsDomains: domid === 0,
    peer: xen.domain(peerDomid),
    peerDomid,
    close: () => xen.assertClean(),
  };
}

/** A way of a domain to XenStore. */
export type StoreWay = readonly [domid: number, kind: "device" | "socket"];

/** Two sides of a machine with a daemon. */
export function storeTarget(xen: MockXen, daemon: MockStoreDaemon, ours: StoreWay, theirs: StoreWay) {
  const isC = daemon === "xenstored";
  const side = ([domid, kind]: StoreWay) => {
    const { store, storeSocket } = xen.domain(domid);
    return { store: kind === "socket" ? storeSocket : store, domid, longLists: isC || kind === "socket" };
  };
  return {
    ours: side(ours),
    theirs: side(theirs),
    hidesMissing: isC,
    close: () => xen.assertClean(),
  };
}

/** Small quotas of a daemon, which tests reach soon: for the simulated Xen, and for the suite. */
export function smallQuotas(daemon: MockStoreDaemon) {
  const isC = daemon === "xenstored";
  const quotas = { nodes: 200, watches: 20, transactions: 5 };
  return {
    store: { daemon, ...quotas },
    quotas: {
      ...quotas,
      value: isC ? 2015 : 2048,
      watchRefusal: isC ? "quota" as const : "invalid" as const,
    },
  };
}

/** A domain serves channels to another one. */
export function vchanTarget(xen: MockXen, serverDomid: number, clientDomid: number) {
  return {
    server: xen.domain(serverDomid),
    serverDomid,
    client: xen.domain(clientDomid),
    clientDomid,
    close: () => xen.assertClean(),
  };
}
