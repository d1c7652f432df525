/**
 * Channels between Xen domains that speak the protocol of libxenvchan: streams of bytes both ways, over shared memory.
 * The other side may be a program in C that uses that library, or one of Qubes.
 *
 * A {@linkcode VchanServer} listens for clients of one domain; {@linkcode Vchan.connect} connects to it. They find each
 * other by a path in XenStore.
 *
 * @example Send a text to another domain
 * ```ts
 * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "greeting" });
 * using client = await Vchan.connect(xen.domain(0), 1, { path: "greeting" });
 * using connection = await server.accept();
 *
 * await client.write(new TextEncoder().encode("hello"));
 * for await (const bytes of connection) {
 *   assert.equal(new TextDecoder().decode(bytes), "hello");
 *   break;
 * }
 * ```
 *
 * @module
 */
export { VchanError, type VchanErrorCode, type VchanErrorOptions, type VchanOperation } from "./errors.ts";
export type { VchanEnding, VchanEndReason } from "./life.ts";
export type {
  VchanCallOptions,
  VchanConnectOptions,
  VchanOptions,
  VchanServerOptions,
  VchanWaitOptions,
} from "./options.ts";
export { VchanServer } from "./server.ts";
export { Vchan } from "./vchan.ts";
