import { ArgumentTypeError } from "../contract/argument_error.ts";
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
  const list = copyList("`grefs`", "an array of grant references, as in `map(1, pages.grefs)`", grefs, checkReference);
  return { domid: domid as number, grefs: list as number[] };
}

function checkReference(gref: unknown, index: number): void {
  checkGref("map", `\`grefs[${index}]\``, gref);
}

/** Throws unless these are pages that some domains have granted. Returns copies. */
export function checkGrants(grants: unknown): CheckedReferences {
  const domids: number[] = [];
  const grefs: number[] = [];
  copyList("`grants`", "an array of grants", grants, (grant, index) => {
    const name = `\`grants[${index}]\``;
    if (typeof grant !== "object" || grant === null) {
      throw new ArgumentTypeError(
        `Cannot map as ${name} must be an object with \`domid\` and \`gref\`: current value is ${show(grant)}. ` +
          "The references of one domain are mapped by `map(domid, grefs)`",
      );
    }
    const { domid, gref } = grant as GrantReference;
    checkDomid("map", domid, `\`domid\` of ${name}`);
    checkGref("map", `\`gref\` of ${name}`, gref);
    domids.push(domid);
    grefs.push(gref);
  });
  const [first] = domids;
  return { domid: domids.every((domid) => domid === first) ? first! : domids, grefs };
}

/**
 * Throws unless a value is an array or a typed array, with no more entries than may be mapped at once. Returns a copy,
 * made by index: the caller's array may change, and may override its iterator. Each entry is checked before the next
 * one is read, so an array of holes is refused at once, however long it is.
 */
function copyList(
  name: string,
  kind: string,
  value: unknown,
  check: (entry: unknown, index: number) => void,
): unknown[] {
  if (!Array.isArray(value) && (!ArrayBuffer.isView(value) || value instanceof DataView)) {
    throw new ArgumentTypeError(`Cannot map as ${name} must be ${kind}: current value is ${show(value)}`);
  }
  const list = value as ArrayLike<unknown>;
  const { length } = list;
  checkInteger("map", `the length of ${name}`, length, 1, MAX_MAPPED_PAGES);
  const copy: unknown[] = [];
  for (let index = 0; index < length; index++) {
    const entry = list[index];
    check(entry, index);
    copy.push(entry);
  }
  return copy;
}
