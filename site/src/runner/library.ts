import * as main from "@gntalloc/gntalloc";
import * as faults from "@gntalloc/gntalloc/faults";
import * as mock from "@gntalloc/gntalloc/mock";
import * as pv from "@gntalloc/gntalloc/pv";
import * as vchan from "@gntalloc/gntalloc/vchan";
import * as xenstore from "@gntalloc/gntalloc/xenstore";
import { BlockBackend, BytesDisk, createDisk, placeOfDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import assert from "./assert.ts";
import { WatchedXen } from "./watched_xen.ts";

const MODULES: Readonly<Record<string, object>> = {
  "@gntalloc/gntalloc": main,
  "@gntalloc/gntalloc/faults": faults,
  "@gntalloc/gntalloc/mock": { ...mock, MockXen: WatchedXen },
  "@gntalloc/gntalloc/pv": pv,
  "@gntalloc/gntalloc/vchan": vchan,
  "@gntalloc/gntalloc/xenstore": xenstore,
  "node:assert/strict": { default: assert },
  "examples/block": { BlockBackend, BlockDevice, BytesDisk, createDisk, placeOfDisk },
};

/**
 * Returns what a program imports. Reading a name that is not there throws.
 *
 * @throws {Error} if there is no such module.
 */
export function library(module: string): object {
  const found = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined;
  if (found === undefined) {
    throw new Error(`Cannot import ${module}: it is not here. Import ${Object.keys(MODULES).join(", ")}.`);
  }
  return new Proxy(found, {
    get(target, name) {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name);
      // These are not names that a program imports: promises and texts ask whether a value has them.
      if (name === "then" || typeof name === "symbol") return undefined;
      throw new Error(`Cannot import ${name} from ${module}: it exports ${Object.keys(target).join(", ")}.`);
    },
  });
}
