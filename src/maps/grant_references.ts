import { checkDomid, checkGref, checkInteger, show } from "../contract/checks.ts";
import { copyShown } from "../grants/grefs.ts";

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
  checkIsList("`grefs`", "an array of grant references, as in `map(1, pages.grefs)`", grefs);
  return { domid: domid as number, grefs: copyShown(grefs as number[]) ?? copyChecked(grefs) };
}

/** Throws unless these are pages of any domains; gives copies. */
export function checkGrants(grants: unknown): CheckedReferences {
  const domids: number[] = [];
  const grefs: number[] = [];
  checkIsList("`grants`", "an array of grants", grants);
  for (const [index, grant] of copyList(grants).entries()) {
    const name = `\`grants[${index}]\``;
    checkGrant(grant, name);
    const { domid, gref } = grant as GrantReference;
    checkDomid("map", domid, `\`domid\` of ${name}`);
    checkGref("map", `\`gref\` of ${name}`, gref);
    domids.push(domid);
    grefs.push(gref);
  }
  const [first] = domids;
  return { domid: domids.every((domid) => domid === first) ? first! : domids, grefs };
}

function checkGrant(grant: unknown, name: string): void {
  if (typeof grant === "object" && grant !== null) return;
  throw new TypeError(
    `Cannot map as ${name} must be an object with \`domid\` and \`gref\`: current value is ${
      show(grant)
    }. The references of ` +
      `one domain are mapped by \`map(domid, grefs)\``,
  );
}

function copyChecked(grefs: unknown[]): number[] {
  const copy = copyList(grefs);
  for (let index = 0; index < copy.length; index++) checkGref("map", `\`grefs[${index}]\``, copy[index]);
  return copy as number[];
}

/** Throws unless a value is an array of as many entries as may be mapped at once. */
function checkIsList(name: string, kind: string, list: unknown): asserts list is unknown[] {
  if (!Array.isArray(list)) {
    throw new TypeError(`Cannot map as ${name} must be ${kind}: current value is ${show(list)}`);
  }
  checkInteger("map", `the length of ${name}`, list.length, 1, MAX_GREFS);
}

/** A copy of a caller's array, which may change, and have an iterator of its own. */
function copyList(list: unknown[]): unknown[] {
  const { length } = list;
  const copy: unknown[] = [];
  for (let index = 0; index < length && index < MAX_GREFS; index++) copy.push(list[index]);
  return copy;
}
