/**
 * What happens to a domain that is saved and restored: its kernel and its programs go on, in a new domain of Xen.
 *
 * @module
 */
import { DomainState } from "./kernel.ts";

/**
 * Moves a domain to another number, which must be free. Its grants, mappings and ports are void. While others map its
 * pages, a destroyed domain stays under the old number.
 */
export function saveAndRestore(domain: DomainState, domid: number): void {
  const { machine, table, ports, orphans, domid: before } = domain;
  for (const mapping of domain.mappings) mapping.lose();
  ports.closeAll();
  const left = new DomainState(machine, domain.domid, table.leave());
  left.destroyed = true;
  for (const { mappings } of machine.domains()) {
    for (const mapping of mappings) mapping.replaceGranter(domain, left);
  }

  machine.remove(domain);
  machine.add(left);
  left.removeIfUnmapped();
  domain.domid = domid;
  domain.ports = domain.newPorts(domid);
  machine.add(domain);
  machine.store?.restore(before, domid);

  // For the kernel, nobody maps the pages any more: those that were freed are free now.
  for (const gref of table.grefs()) {
    if (table.isDeferred(gref)) domain.free(gref);
  }
  if (orphans.size > 0) domain.reclaimOrphans();
  for (const released of table.takeWaiting()) released();
}
