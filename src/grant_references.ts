import { checkDomid, checkGref, checkInteger, checkOptions, show } from "./checks.ts";

/** A page that some domain granted. */
export interface GrantReference {
  /** The domain that granted it, 0 to 32751 (0x7FEF). */
  readonly domid: number;
  /** Its grant reference. */
  readonly gref: number;
}

/** The most pages of one mapping: what Linux's driver allows by default. */
const MAX_GREFS = 65_536;

/** What is to be mapped: one domain for all references, or one for each. */
export interface CheckedReferences {
  readonly domid: number | readonly number[];
  readonly grefs: readonly number[];
}

/** Throws unless these are grant references of one domain; gives copies. */
export function checkReferences(domid: unknown, grefs: unknown): CheckedReferences {
  checkDomid("map", domid);
  const list = checkList("`grefs`", "an array of grant references", grefs);
  for (const [index, gref] of list.entries()) checkGref("map", `\`grefs[${index}]\``, gref);
  return { domid: domid as number, grefs: list as number[] };
}

/** Throws unless these are pages of any domains; gives copies. */
export function checkGrants(grants: unknown): CheckedReferences {
  const domids: number[] = [];
  const grefs: number[] = [];
  for (const [index, grant] of checkList("`grants`", "an array of grants", grants).entries()) {
    const name = `\`grants[${index}]\``;
    checkOptions("map", grant, name);
    const { domid, gref } = grant as GrantReference;
    checkDomid("map", domid, `\`domid\` of ${name}`);
    checkGref("map", `\`gref\` of ${name}`, gref);
    domids.push(domid);
    grefs.push(gref);
  }
  const [first] = domids;
  return { domid: domids.every((domid) => domid === first) ? first! : domids, grefs };
}

/** A copy of a caller's array, which may change, and have an iterator of its own. */
function checkList(name: string, kind: string, list: unknown): unknown[] {
  if (!Array.isArray(list)) {
    throw new TypeError(`Cannot map as ${name} must be ${kind}: current value is ${show(list)}`);
  }
  const { length } = list;
  checkInteger("map", `the length of ${name}`, length, 1, MAX_GREFS);
  const copy: unknown[] = [];
  for (let index = 0; index < length; index++) copy.push(list[index]);
  return copy;
}
