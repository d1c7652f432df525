import { checkDomid, checkInteger } from "../contract/checks.ts";
import { readOptions } from "../contract/options.ts";
import { checkCore } from "../grants/check_core.ts";
import { checkSignal } from "../shared/signal.ts";
import { checkSpin, type VchanServerOptions } from "./options.ts";
import { chooseOrders, MOST_BYTES, type Orders } from "./orders.ts";
import { resolvePath } from "./path.ts";

const RING = 32 * 1024;

/** What a server is made with. */
interface Given extends Pick<VchanServerOptions, "path" | "core" | "signal"> {
  readonly orders: Orders;
  readonly spin: number;
}

/** Reads the arguments of `listen()`. */
export function readServerOptions(domid: number, options: VchanServerOptions): Given {
  const what = "listen";
  checkDomid(what, domid);
  const given = readOptions(what, options, ["path", "readSize", "writeSize", "spin", "core", "signal"]);
  const { path, readSize = RING, writeSize = RING, core, signal } = given;
  // Before anything is opened; the domid of the server is not known yet.
  resolvePath(what, path, 0, domid);
  checkInteger(what, "`readSize`", readSize, 0, MOST_BYTES);
  checkInteger(what, "`writeSize`", writeSize, 0, MOST_BYTES);
  const spin = checkSpin(what, given.spin);
  checkSignal(what, signal);
  if (core !== undefined) checkCore(what, core);
  return { path: path!, orders: chooseOrders(readSize, writeSize), spin, core, signal };
}
