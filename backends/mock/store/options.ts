import { ArgumentTypeError } from "../../../src/contract/argument_error.ts";
import { checkInteger, show } from "../../../src/contract/checks.ts";
import { MAX_UINT32 } from "../../../src/contract/limits.ts";
import { readOptions } from "../../../src/contract/options.ts";

/**
 * Which daemon of Xen the simulated XenStore follows, in version 4.17.
 *
 * - `xenstored`: the daemon in C, Xen's default.
 * - `oxenstored`: the daemon in OCaml, which Debian starts if it is there.
 */
export type MockStoreDaemon = "xenstored" | "oxenstored";

/** Options of the simulated XenStore. The quotas are those of each domain other than domain 0, which has none. */
export interface MockStoreOptions {
  /**
   * Which daemon of Xen to follow.
   *
   * @default {"xenstored"}
   */
  daemon?: MockStoreDaemon | undefined;
  /**
   * How many nodes a domain can own, 0 to 4,294,967,295.
   *
   * @default {1000}
   */
  nodes?: number | undefined;
  /**
   * How many bytes a node can have, 0 to 4,294,967,295. For `xenstored`, the default is 2047, and 24 bytes, 8 bytes for
   * each permission, and the names of the children with a NUL after each count like those of the value. That is Xen up
   * to 4.17; later ones have room for 9 more, so pass 2056 to follow these. For `oxenstored`, the default is 2048, only
   * the value counts, and the quota is that of domain 0, too.
   */
  nodeSize?: number | undefined;
  /**
   * How many watches all programs of a domain can have together, 0 to 4,294,967,295. The default is 129 for `xenstored`,
   * and 101 for `oxenstored`.
   */
  watches?: number | undefined;
  /**
   * How many transactions all programs of a domain can have open together, 0 to 4,294,967,295.
   *
   * @default {11}
   */
  transactions?: number | undefined;
  /**
   * How many nodes (`xenstored`) or requests (`oxenstored`) a transaction can have, 0 to 4,294,967,295.
   *
   * @default {1024}
   */
  transactionSize?: number | undefined;
  /**
   * How many permissions a domain can give a node, 0 to 4,294,967,295. `oxenstored` does not count them.
   *
   * @default {5}
   */
  permissions?: number | undefined;
  /**
   * How many bytes a path can have after `/local/domain/N/`, 1 to 2048, for all domains. The default is 2048 for
   * `xenstored`, and 1024 for `oxenstored`.
   */
  pathLength?: number | undefined;
}

const NAMES = [
  "daemon",
  "nodes",
  "nodeSize",
  "watches",
  "transactions",
  "transactionSize",
  "permissions",
  "pathLength",
] as const satisfies readonly (keyof MockStoreOptions)[];

/** Options with their defaults. */
export type StoreSettings = { readonly [Name in keyof MockStoreOptions]-?: NonNullable<MockStoreOptions[Name]> };

/** Checks the options of the store of a new machine, and fills in their defaults. */
export function checkStoreOptions(what: string, options: MockStoreOptions | undefined): StoreSettings {
  const given = readOptions(what, options, NAMES, "`store`");
  const { daemon = "xenstored" } = given;
  if (daemon !== "xenstored" && daemon !== "oxenstored") {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`daemon\` of \`store\` must be "xenstored" or "oxenstored": current value is ${show(daemon)}`,
    );
  }
  const isC = daemon === "xenstored";
  const {
    nodes = 1000,
    nodeSize = isC ? 2047 : 2048,
    watches = isC ? 129 : 101,
    transactions = 11,
    transactionSize = 1024,
    permissions = 5,
    pathLength = isC ? 2048 : 1024,
  } = given;
  const quotas = { nodes, nodeSize, watches, transactions, transactionSize, permissions };
  for (const [name, value] of Object.entries(quotas)) {
    checkInteger(what, `\`${name}\` of \`store\``, value, 0, MAX_UINT32);
  }
  checkInteger(what, "`pathLength` of `store`", pathLength, 1, 2048);
  return { daemon, ...quotas, pathLength };
}
