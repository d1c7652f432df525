/**
 * The nodes of the daemon in OCaml. A change makes new nodes on the way to the root, and keeps all others, so that a
 * transaction can keep the whole tree as it was, and sees by identity what has changed.
 *
 * @module
 */
import { formatPermissions, type Permissions, PRIVATE } from "./permissions.ts";

/** Who makes changes. It may change the nodes that it has made itself in place, as nobody else has seen them. */
export type Editor = Record<never, never>;

/** A node. */
export interface TreeNode {
  readonly permissions: Permissions;
  readonly value: Uint8Array<ArrayBuffer>;
  readonly children: Map<string, TreeNode>;
  /** Who has made the list of its children. */
  readonly editor: Editor;
}

/** The names on the way from the root to a node. That of the root has none. */
export type Names = readonly string[];

/** A tree, and how many nodes of it each domain owns. */
export interface Store {
  root: TreeNode;
  owned: ReadonlyMap<number, number>;
}

/** The empty value. */
export const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** A new node. */
export function newNode(permissions: Permissions, value: Uint8Array<ArrayBuffer>, editor: Editor): TreeNode {
  return { permissions, value, children: new Map(), editor };
}

/** A tree with a root, and nothing else. */
export function newStore(): Store {
  return { root: newNode(PRIVATE, EMPTY, {}), owned: new Map() };
}

/** The nearest node on the way to one that is there: the node itself, if it is. */
export function nearest(root: TreeNode, names: Names): { node: TreeNode; depth: number } {
  let node = root;
  for (let depth = 0; depth < names.length; depth++) {
    const child = node.children.get(names[depth]!);
    if (child === undefined) return { node, depth };
    node = child;
  }
  return { node, depth: names.length };
}

/** The node with the given names, if there is one. */
export function find(root: TreeNode, names: Names): TreeNode | undefined {
  const { node, depth } = nearest(root, names);
  return depth === names.length ? node : undefined;
}

/** The tree with another node in a place whose parent is there, or with none. */
export function replace(
  root: TreeNode,
  names: Names,
  node: TreeNode | undefined,
  editor: Editor,
  depth: number = 0,
): TreeNode {
  if (depth === names.length) return node ?? { ...root, children: new Map(), editor };
  const own = root.editor === editor ? root : { ...root, children: new Map(root.children), editor };
  const name = names[depth]!;
  const isLast = depth === names.length - 1;
  const child = isLast ? node : replace(own.children.get(name)!, names, node, editor, depth + 1);
  if (child === undefined) own.children.delete(name);
  else own.children.set(name, child);
  return own;
}

/** Calls back with the owner of a node, and of each below it. */
export function eachOwner(node: TreeNode, callback: (domid: number) => void): void {
  callback(node.permissions[0].domid);
  for (const child of node.children.values()) eachOwner(child, callback);
}

/** The number that stands for the owner of a node that is to go: a node that was given to it goes, too. */
const NOBODY = -1;

/** What is left of a tree without the nodes that a domain owns, and without its permissions. All nodes are new. */
export function without(node: TreeNode, domid: number): TreeNode {
  const children = new Map<string, TreeNode>();
  for (const [name, child] of node.children) {
    const owner = child.permissions[0].domid;
    if (owner !== domid && owner !== NOBODY) children.set(name, without(child, domid));
  }
  const [owner, ...others] = node.permissions;
  return { ...node, permissions: [owner, ...others.filter((other) => other.domid !== domid)], children, editor: {} };
}

/** Whether a place is as it was: the same node, below nodes with the same permissions; or none, in a parent. */
export function isUnchanged(before: TreeNode, now: TreeNode, names: Names): boolean {
  const parent = names.slice(0, -1);
  if (find(before, parent) === undefined || find(now, parent) === undefined) return false;
  if (find(before, names) !== find(now, names)) return false;
  if (find(now, names) === undefined) return true;
  return names.every((_, depth) => permissionsAt(before, names, depth) === permissionsAt(now, names, depth));
}

function permissionsAt(root: TreeNode, names: Names, depth: number): string {
  return formatPermissions(find(root, names.slice(0, depth))!.permissions, String).join();
}

/** The names that two places have in common. */
export function common(names: Names, others: Names | undefined): Names {
  if (others === undefined) return names;
  let length = 0;
  while (length < names.length && names[length] === others[length]) length++;
  return names.slice(0, length);
}

/** Numbers of nodes after a change to one of them. */
export function counted(owned: ReadonlyMap<number, number>, domid: number, change: number): Map<number, number> {
  return new Map(owned).set(domid, (owned.get(domid) ?? 0) + change);
}
