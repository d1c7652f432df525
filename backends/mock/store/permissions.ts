/**
 * Permissions of nodes. The first one names the owner, who may do everything, and the rights of all domains that the
 * others do not name.
 *
 * @module
 */

import type { Peer } from "./peer.ts";

/** The right to read. */
export const READ = 1;
/** The right to write. */
export const WRITE = 2;
/** What only the owner and domain 0 may do: change the permissions. */
export const OWN = 4;
/** All rights. */
export const ALL: number = READ | WRITE | OWN;

/** One permission of a node. */
export interface Permission {
  readonly domid: number;
  /** What the domain may do. */
  readonly rights: number;
  /** Whether the permission counts no more, as it is older than the domain that has this number. */
  readonly ignored: boolean;
}

/** The permissions of a node, at least one. */
export type Permissions = readonly [Permission, ...Permission[]];

/** The permissions of a node that only domain 0 may use. */
export const PRIVATE: Permissions = [{ domid: 0, rights: 0, ignored: false }];

/** The rights of a domain on a node, if all its permissions count. */
export function rightsOf({ domid, privileged }: Peer, permissions: Permissions): number {
  if (privileged || permissions[0].domid === domid) return ALL;
  return (permissions.slice(1).find((permission) => permission.domid === domid) ?? permissions[0]).rights;
}

/** The letter of each set of rights. */
const LETTERS = "nrwb";

/**
 * Reads permissions: `n1`, `r2`.
 *
 * @param parse Reads a domid.
 * @returns `undefined` if a text is not a permission, or there are no texts.
 */
export function parsePermissions(
  texts: readonly string[],
  parse: (text: string) => number | undefined,
): Permissions | undefined {
  const permissions: Permission[] = [];
  for (const text of texts) {
    const rights = text === "" ? -1 : LETTERS.indexOf(text[0]!);
    const domid = parse(text.slice(1));
    if (rights < 0 || domid === undefined) return undefined;
    permissions.push({ domid, rights, ignored: false });
  }
  return permissions.length === 0 ? undefined : permissions as [Permission, ...Permission[]];
}

/**
 * Permissions as text. Ignored ones are in it, too.
 *
 * @param show Shows a domid.
 */
export function formatPermissions(permissions: Permissions, show: (domid: number) => string): string[] {
  return permissions.map(({ domid, rights }) => `${LETTERS[rights]}${show(domid)}`);
}
