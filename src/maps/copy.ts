import { type CopySegment, type GrantPlace, PAGE_SIZE } from "../contract/backend.ts";
import { checkBytes, copyInto, copyOut, lengthOf } from "../contract/bytes.ts";
import { checkDomid, checkGref, checkInteger, checkOptions, show } from "../contract/checks.ts";
import type { GrantReference } from "./grant_references.ts";

/** Bytes inside a page that some domain granted. */
export interface CopyPlace extends GrantReference {
  /** The first byte in the page, 0 to 4095. Default is 0. */
  readonly offset?: number;
}

/** One piece of a grant copy: from or to a granted page, or both. */
export interface GrantCopy {
  /** Where the bytes are: in a granted page, or at the beginning of an array. */
  readonly from: CopyPlace | Uint8Array;
  /** Where they go. */
  readonly to: CopyPlace | Uint8Array;
  /** The number of bytes, 1 to 4096, never beyond the end of a page. Default is the length of the array, where one side is one. */
  readonly length?: number;
}

/**
 * What became of one piece of a grant copy, by the names of `GNTST_*` in Xen's public header `grant_table.h`.
 *
 * | status | what it means |
 * |---|---|
 * | `okay` | copied |
 * | `general_error` | not granted, not to this domain, or not for writing |
 * | `bad_domain` | there is no such domain |
 * | `bad_gntref` | the domain's grant table is not that large |
 * | the others | as Xen's header says; `general_error` stands for those that it may get one day |
 */
export type CopyStatus =
  | "okay"
  | "general_error"
  | "bad_domain"
  | "bad_gntref"
  | "bad_handle"
  | "bad_virt_addr"
  | "bad_dev_addr"
  | "no_device_space"
  | "permission_denied"
  | "bad_page"
  | "bad_copy_arg"
  | "address_too_big"
  | "eagain"
  | "no_space";

/** The names of Xen's statuses, by their number's negative: `GNTST_*` of its public header `grant_table.h`. */
export const STATUSES: readonly CopyStatus[] = [
  "okay",
  "general_error",
  "bad_domain",
  "bad_gntref",
  "bad_handle",
  "bad_virt_addr",
  "bad_dev_addr",
  "no_device_space",
  "permission_denied",
  "bad_page",
  "bad_copy_arg",
  "address_too_big",
  "eagain",
  "no_space",
];

/** The most pieces of one copy, which this side holds in memory all at once: 16 MiB. */
const MAX_PIECES = 4096;

/** A copy that was checked: what the backend gets, and where the bytes go that it brings. */
export interface CheckedCopy {
  readonly segments: readonly CopySegment[];
  /** Takes the backend's answer: gives the statuses, and fills the caller's arrays. */
  finish(answer: unknown): CopyStatus[];
}

/** Throws unless these are pieces of a grant copy; gives copies, as a backend wants them. */
export function checkCopy(pieces: unknown): CheckedCopy {
  if (!Array.isArray(pieces)) {
    throw new TypeError(`Cannot copy as \`pieces\` must be an array: current value is ${show(pieces)}`);
  }
  const count = pieces.length;
  checkInteger("copy", "the length of `pieces`", count, 1, MAX_PIECES);
  const segments: CopySegment[] = [];
  const targets: (Uint8Array | undefined)[] = [];
  // By index: a caller's array may have an iterator of its own.
  for (let index = 0; index < count; index++) {
    const { segment, target } = checkPiece(pieces[index], `\`pieces[${index}]\``);
    segments.push(segment);
    targets.push(target);
  }
  return {
    segments,
    finish(answer) {
      const statuses = checkStatuses(answer, count);
      for (const [index, status] of statuses.entries()) {
        const target = targets[index];
        if (target && status === "okay") copyInto(target, segments[index]!.to as Uint8Array<ArrayBuffer>);
      }
      return statuses;
    },
  };
}

function checkPiece(piece: unknown, name: string): { segment: CopySegment; target: Uint8Array | undefined } {
  checkOptions("copy", piece, name);
  const { from, to, length: given } = piece as GrantCopy;
  const source = ArrayBuffer.isView(from) ? from : undefined;
  const target = ArrayBuffer.isView(to) ? to : undefined;
  if (source !== undefined) checkBytes("copy", `\`from\` of ${name}`, source);
  if (target !== undefined) checkBytes("copy", `\`to\` of ${name}`, target);
  if (source && target) {
    throw new TypeError(`Cannot copy as \`from\` or \`to\` of ${name} must be a granted page: both are arrays`);
  }
  if (!source) checkIsPlace(from, `\`from\` of ${name}`);
  if (!target) checkIsPlace(to, `\`to\` of ${name}`);
  const array = source ?? target;
  const whose = `\`length\` of ${name}`;
  const length = given === undefined && array ? lengthOf.call(array) : given;
  checkInteger("copy", whose, length, 1, PAGE_SIZE);
  if (array) checkInteger("copy", whose, length, 1, lengthOf.call(array));
  const segment = {
    from: source ? copyOut(source, length!) : checkPlace(from as CopyPlace, `\`from\` of ${name}`, length!),
    to: target ? new Uint8Array(length!) : checkPlace(to as CopyPlace, `\`to\` of ${name}`, length!),
    length: length!,
  };
  return { segment, target };
}

function checkIsPlace(place: unknown, name: string): void {
  if (typeof place === "object" && place !== null && "gref" in place) return;
  throw new TypeError(
    `Cannot copy as ${name} must be a Uint8Array, or a granted page with \`domid\` and \`gref\`: current value is ${
      show(place)
    }`,
  );
}

function checkPlace(place: CopyPlace, name: string, length: number): GrantPlace {
  const { domid, gref, offset = 0 } = place;
  checkDomid("copy", domid, `\`domid\` of ${name}`);
  checkGref("copy", `\`gref\` of ${name}`, gref);
  checkInteger("copy", `\`offset\` of ${name}`, offset, 0, PAGE_SIZE - length);
  return { domid, gref, offset };
}

function checkStatuses(answer: unknown, count: number): CopyStatus[] {
  if (!Array.isArray(answer) || answer.length !== count) {
    throw new TypeError(`it must give a status for each of ${count} pieces: it gave ${show(answer)}`);
  }
  const statuses: CopyStatus[] = [];
  for (let index = 0; index < count; index++) {
    const status: unknown = answer[index];
    // In Xen's interface it is a signed number of 16 bits.
    if (typeof status !== "number" || !Number.isInteger(status) || status > 0 || status < -0x8000) {
      throw new TypeError(`it gave piece ${index} the status ${show(status)}`);
    }
    statuses.push(STATUSES[-status] ?? "general_error");
  }
  return statuses;
}
