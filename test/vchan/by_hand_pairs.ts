/** Pairs of which one side is made by hand. */
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { RawClient, RawServer, type RawServerOptions } from "./by_hand.ts";
import { path } from "./support.ts";

/** A server by hand, and a client of the library. */
export async function client(options: RawServerOptions = {}) {
  const xen = new MockXen();
  const server = await RawServer.open(xen, options);
  const vchan = await Vchan.connect(xen.domain(0), 1, { path });
  const { page } = server;
  const finish = () => {
    vchan.close();
    server.close();
    xen.assertClean();
  };
  return { xen, server, page, vchan, finish };
}

/** A server of the library, and a client by hand. */
export async function served(options: { readSize?: number; writeSize?: number } = {}) {
  const xen = new MockXen();
  const server = await VchanServer.listen(xen.domain(1), 0, { path, ...options });
  const raw = await RawClient.open(xen);
  raw.join();
  const vchan = await server.accept();
  const finish = async () => {
    raw.close();
    vchan.close();
    await server.close();
    xen.assertClean();
  };
  return { xen, server, raw, page: raw.page, vchan, finish };
}
