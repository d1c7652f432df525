import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkBytes, copyInto, copyOut, lengthOf } from "../contract/bytes.ts";
import { checkDomid, checkGref, checkInteger, show } from "../contract/checks.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { CopySegment, GrantPlace } from "../contract/map_backend.ts";
import { checkPlainObject, isPlainObject, readOptions } from "../contract/options.ts";
import type { GrantReference } from "./grant_references.ts";

/** Bytes inside a page that some domain has granted. */
export interface CopyPlace extends GrantReference {
  /** The first byte in the page, 0 to 4095. Default is 0. */
  readonly offset?: number | undefined;
}

/** One segment of a grant copy: from a granted page, to one, or both. */
export interface GrantCopy {
  /** The source: bytes in a granted page, or the start of an array. */
  readonly from: CopyPlace | Uint8Array;
  /** The destination, likewise. */
  readonly to: CopyPlace | Uint8Array;
  /** The number of bytes, 1 to 4096, within the page. Default is the length of the array, if one side is an array. */
  readonly length?: number | undefined;
}

/**
 * The result of one segment of a grant copy, named as `GNTST_*` in Xen's public header `grant_table.h`.
 *
 * | status | meaning |
 * |---|---|
 * | `okay` | copied |
 * | `general_error` | not granted, not to this domain, or not for writing |
 * | `bad_domain` | there is no such domain |
 * | `bad_gntref` | the reference is beyond the domain's grant table |
 * | the others | as in Xen's header; statuses that are unknown here become `general_error` |
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

/** The names of Xen's statuses, by the negative of their numbers: `GNTST_*` in its public header `grant_table.h`. */
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

/** The most segments in one copy. This side holds all of them in memory at once: up to 16 MiB. */
const MAX_SEGMENTS = 4096;

/** A copy that was checked: what the backend receives, and where the copied bytes go. */
interface CheckedCopy {
  readonly segments: readonly CopySegment[];
  /** Takes the backend's answer: fills the caller's arrays, and returns the statuses. */
  finish(answer: unknown): CopyStatus[];
}

/** Throws unless these are segments of a grant copy. Returns copies of them, in the form that a backend takes. */
export function checkCopy(copies: unknown): CheckedCopy {
  if (!Array.isArray(copies)) {
    throw new ArgumentTypeError(`Cannot copy as \`segments\` must be an array: current value is ${show(copies)}`);
  }
  const count = copies.length;
  checkInteger("copy", "the length of `segments`", count, 1, MAX_SEGMENTS);
  const segments: CopySegment[] = [];
  const targets: (Uint8Array | undefined)[] = [];
  // By index: the caller's array may override its iterator.
  for (let index = 0; index < count; index++) {
    const { segment, target } = checkSegment(copies[index], `\`segments[${index}]\``);
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

function checkSegment(copy: unknown, name: string): { segment: CopySegment; target: Uint8Array | undefined } {
  checkPlainObject("copy", copy, name);
  const { from, to, length: given } = readOptions("copy", copy as GrantCopy, ["from", "to", "length"], name);
  const source = ArrayBuffer.isView(from) ? from : undefined;
  const target = ArrayBuffer.isView(to) ? to : undefined;
  if (source !== undefined) checkBytes("copy", `\`from\` of ${name}`, source);
  if (target !== undefined) checkBytes("copy", `\`to\` of ${name}`, target);
  if (source && target) {
    throw new ArgumentTypeError(`Cannot copy as \`from\` or \`to\` of ${name} must be a granted page: both are arrays`);
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
  throw new ArgumentTypeError(
    `Cannot copy as ${name} must be a Uint8Array, or a granted page with \`domid\` and \`gref\`: current value is ${
      show(place)
    }`,
  );
}

function checkPlace(place: CopyPlace, name: string, length: number): GrantPlace {
  const { domid, gref } = place;
  // What somebody added to `Object.prototype` is no offset.
  const given = isPlainObject(place) && !Object.hasOwn(place, "offset") ? undefined : place.offset;
  const offset = given === undefined ? 0 : given;
  checkDomid("copy", domid, `\`domid\` of ${name}`);
  checkGref("copy", `\`gref\` of ${name}`, gref);
  checkInteger("copy", `\`offset\` of ${name}`, offset, 0, PAGE_SIZE - length);
  return { domid, gref, offset };
}

function checkStatuses(answer: unknown, count: number): CopyStatus[] {
  if (!Array.isArray(answer) || answer.length !== count) {
    throw new TypeError(`it must return a status for each of ${count} segments: it returned ${show(answer)}`);
  }
  const statuses: CopyStatus[] = [];
  for (let index = 0; index < count; index++) {
    const status: unknown = answer[index];
    // In Xen's interface it is a signed 16-bit number.
    if (typeof status !== "number" || !Number.isInteger(status) || status > 0 || status < -0x8000) {
      throw new TypeError(`it returned ${show(status)} as the status of segment ${index}`);
    }
    statuses.push(STATUSES[-status] ?? "general_error");
  }
  return statuses;
}
