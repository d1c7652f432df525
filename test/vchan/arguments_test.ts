/** What callers may give, and what is refused. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";

describe("arguments", () => {
  const domain = new MockXen().domain(1);
  test.each([
    [{ path: "" }, "`path` must be a name"],
    [{ path: "a//b" }, "`path` must be a name"],
    [{ path: "a/" }, "`path` must be a name"],
    [{ path: "@releaseDomain" }, "`path` must be a name"],
    [
      { path: `data/${"x".repeat(2030)}` },
      "`path` must have at most 2034 characters behind `/local/domain/N/`, with what a " +
      "name stands for: current value has 2035",
    ],
    [{}, "`path` must be a string or a port: current value is undefined"],
    [{ path: -1 }, "`path` must be a whole number from 0 to 2147483647: current value is -1"],
    [{ path: "a", spin: 2000 }, "`spin` must be a whole number from 0 to 1000: current value is 2000"],
    [{ path: "a", signal: 1 }, "`signal` must be an AbortSignal"],
    [{ path: "a", pth: 1 }, "there is no option `pth`: did you mean `path`?"],
  ])("%o are refused by both sides", async (options, message) => {
    await expect(VchanServer.listen(domain, 0, options as never)).rejects.toThrow(message);
    await expect(Vchan.connect(domain, 0, options as never)).rejects.toThrow(message);
  });

  test("of the server only", async () => {
    await expect(VchanServer.listen(domain, 0, { path: "a", readSize: 2 ** 20 + 1 })).rejects.toThrow(
      "Cannot listen as `readSize` must be a whole number from 0 to 1048576: current value is 1048577",
    );
    await expect(VchanServer.listen(domain, 0, { path: "a", core: {} as never })).rejects.toThrow(
      "Cannot listen as `core` must be a WebAssembly.Module of the core: current value is",
    );
    await expect(VchanServer.listen(domain, -1, { path: "a" })).rejects.toThrow("`domid` must be a whole number");
  });

  test("name paths: ports and names as in Qubes, paths below the home of the server, and absolute paths", async () => {
    const longest = `data/${"x".repeat(1000)}/${"y".repeat(1028)}`;
    for (
      const [path, absolute] of [
        [5000, "/local/domain/1/data/vchan/0/5000"],
        ["chat", "/local/domain/1/data/vchan/0/chat"],
        ["data/chat", "/local/domain/1/data/chat"],
        ["/local/domain/1/data/a/b", "/local/domain/1/data/a/b"],
        [longest, `/local/domain/1/${longest}`],
      ] as const
    ) {
      const xen = new MockXen();
      const server = await VchanServer.listen(xen.domain(1), 0, { path });
      const client = await Vchan.connect(xen.domain(0), 1, { path });
      expect([server.path, client.path, client.domid, server.domid]).toEqual([absolute, absolute, 1, 0]);
      client.close();
      await server.close();
      xen.assertClean();
    }
  });
});
