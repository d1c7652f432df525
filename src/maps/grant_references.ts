import { checkDomid, checkGref, checkInteger, show } from "../contract/checks.ts";
import { MAX_MAPPED_PAGES } from "../contract/limits.ts";

/** A page that some domain has granted. */
export interface GrantReference {
  /** The domain that granted it, 0 to 32751 (0x7FEF). */
  readonly domid: number;
  /** Its grant reference. */
  readonly gref: number;
}

/** What to map: one domain for all references, or one for each. */
export interface CheckedReferences {
  readonly domid: number | readonly number[];
  readonly grefs: readonly number[];
}

/** Throws unless these are grant references of one domain. Returns copies. */
export function checkReferences(domid: unknown, grefs: unknown): CheckedReferences {
  checkDomid("map", domid);
  const list = checkList("`grefs`", "an array of grant references, as in `map(1, pages.grefs)`", grefs);
  for (let index = 0; index < list.length; index++) checkGref("map", `\`grefs[${index}]\``, list[index]);
  return { domid: domid as number, grefs: list as number[] };
}

/** Throws unless these are pages that some domains have granted. Returns copies. */
export function checkGrants(grants: unknown): CheckedReferences {
  const domids: number[] = [];
  const grefs: number[] = [];
  for (const [index, grant] of checkList("`grants`", "an array of grants", grants).entries()) {
    const name = `\`grants[${index}]\``;
    if (typeof grant !== "object" || grant === null) {
      throw new TypeError(
        `Cannot map as ${name} must be an object with \`domid\` and \`gref\`: current value is ${show(grant)}. ` +
          "The references of one domain are mapped by `map(domid, grefs)`",
      );
    }
    const { domid, gref } = grant as GrantReference;
    checkDomid("map", domid, `\`domid\` of ${name}`);
    checkGref("map", `\`gref\` of ${name}`, gref);
    domids.push(domid);
    grefs.push(gref);
  }
  const [first] = domids;
  return { domid: domids.every((domid) => domid === first) ? first! : domids, grefs };
}

/**
 * Throws unless a value is an array or a typed array, with no more entries than may be mapped at once. Returns a copy,
 * made by index: the caller's array may change, and may override its iterator.
 */
function checkList(name: string, kind: string, value: unknown): unknown[] {
  if (!Array.isArray(value) && (!ArrayBuffer.isView(value) || value instanceof DataView)) {
    throw new TypeError(`Cannot map as ${name} must be ${kind}: current value is ${show(value)}`);
  }
  const list = value as ArrayLike<unknown>;
  const { length } = list;
  checkInteger("map", `the length of ${name}`, length, 1, MAX_MAPPED_PAGES);
  const copy = new Array<unknown>(length);
  for (let index = 0; index < length; index++) copy[index] = list[index];
  return copy;
}
