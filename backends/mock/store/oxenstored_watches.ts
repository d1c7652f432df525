/**
 * Which watches the daemon in OCaml fires.
 *
 * @module
 */
import type { OxenstoredTransaction } from "./oxenstored_transaction.ts";
import { isWithin } from "./paths.ts";
import type { Peer, Watch } from "./peer.ts";
import { READ, rightsOf } from "./permissions.ts";
import { find, type Names, type TreeNode } from "./persistent_tree.ts";

/** Calls back for each event of a request or a transaction, in the order of its changes. */
export function eachEvent<Transaction>(
  peers: Iterable<Peer<Transaction>>,
  { changes, before, store }: OxenstoredTransaction,
  send: (peer: Peer<Transaction>, watch: Watch, path: string) => void,
): void {
  for (const { what, names } of changes) {
    const roots = what === "remove" ? [before] : what === "set permissions" ? [before, store.root] : [store.root];
    const path = `/${names.join("/")}`;
    for (const peer of peers) {
      // From the root down, and the newest first.
      const above = peer.watches.filter((watch) => isWithin(path, watch.path)).reverse();
      above.sort((one, other) => one.path.length - other.path.length);
      for (const watch of above) if (mayKnow(peer, roots, names)) send(peer, watch, path);
      // A removal fires all watches below, whether their nodes were there or not.
      if (what !== "remove") continue;
      const below = peer.watches.filter((watch) => watch.path !== path && isWithin(watch.path, path)).reverse();
      below.sort(byNames);
      for (const watch of below) {
        if (mayKnow(peer, roots, watch.path.slice(1).split("/"))) send(peer, watch, watch.path);
      }
    }
  }
}

/** Whether a domain may read a node, or its parent, in one of some trees. The parent must be there. */
export function mayKnow(peer: Peer, roots: readonly TreeNode[], names: Names): boolean {
  return roots.some((root) => {
    const parent = names.length === 0 || names[0] === "" ? undefined : find(root, names.slice(0, -1));
    const node = parent?.children.get(names.at(-1)!);
    return [parent, node].some((known) => known !== undefined && (rightsOf(peer, known.permissions) & READ) !== 0);
  });
}

/** The order of watches by the names in their paths. */
function byNames({ path: one }: Watch, { path: other }: Watch): number {
  const [a, b] = [one.replaceAll("/", "\0"), other.replaceAll("/", "\0")];
  return a < b ? -1 : a > b ? 1 : 0;
}
