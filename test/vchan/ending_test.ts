/** How each side notices the end of the other: of its program, and of its domain. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { checkTogether, path, pattern, readExactly, turns } from "./support.ts";

describe("the end of a program", () => {
  test.each(["server", "client"] as const)("that is the %s is noticed, and what it wrote is left", async (which) => {
    const xen = new MockXen();
    const programs = { server: xen.domain(1).process(), client: xen.domain(0).process() };
    const server = await VchanServer.listen(programs.server, 0, { path });
    const connecting = Vchan.connect(programs.client, 1, { path });
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    const [dies, stays] = which === "server" ? [ours, theirs] : [theirs, ours];
    await dies.write(pattern(1000));
    programs[which].kill();
    expect((await stays.closed).reason).toBe("peer-closed");
    expect(await readExactly(stays, 2000)).toEqual(pattern(1000));
    await expect(stays.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "peer-closed" });
    stays.close();
    if (which === "client") await server.close();
    xen.assertClean();
  });
});

describe("the end of a domain", () => {
  const cases = [
    ["the server's, in a domU, seen by dom0", 1, 0, "server"],
    ["the client's, in a domU, seen by dom0", 0, 1, "client"],
    ["the server's, seen by another domU", 1, 2, "server"],
  ] as const;

  test.each(cases)("%s", async (_, serverDomid, clientDomid, dies) => {
    const xen = new MockXen();
    const domains = { server: xen.domain(serverDomid), client: xen.domain(clientDomid) };
    const server = await VchanServer.listen(domains.server, clientDomid, { path });
    const connecting = Vchan.connect(domains.client, serverDomid, { path });
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    const [lost, stays] = dies === "server" ? [ours, theirs] : [theirs, ours];
    await lost.write(pattern(100));
    const reading = readExactly(stays, 200);
    await turns();
    domains[dies].destroy();
    expect(await reading).toEqual(pattern(100));
    expect(await stays.closed).toEqual({ reason: "peer-gone" });
    await expect(stays.write(Uint8Array.of(1))).rejects.toMatchObject({
      code: "peer-gone",
      message: expect.stringMatching(/^Cannot write: domain \d is gone\./),
    });
    stays.close();
    if (dies === "client") await server.close();
    xen.assertClean();
  });

  test("is not what the removal of the keys means: one-shot servers remove them at once", async () => {
    const xen = new MockXen();
    const server = await VchanServer.listen(xen.domain(1), 2, { path });
    const [ours, theirs] = await Promise.all([server.accept(), Vchan.connect(xen.domain(2), 1, { path })]);
    await server.close();
    await turns();
    expect(theirs.ending).toBeUndefined();
    await checkTogether(ours, theirs);
    xen.assertClean();
  });
});
