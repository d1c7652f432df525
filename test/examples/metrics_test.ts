/** The examples of metrics, with the libraries that they are about. */
import { expect, test } from "vitest";
import { exec } from "../../scripts/exec.ts";

const run = (name: string) => {
  const path = new URL(`../../examples/metrics/${name}.ts`, import.meta.url).pathname;
  return exec(Deno.execPath(), ["run", "-A", "--no-check", path]);
};

test("prom_client.ts registers gauges that read two devices", async () => {
  const lines = (await run("prom_client")).split("\n");
  expect(lines).toContain('gntalloc_limit_pages{device="disk"} 64');
  expect(lines).toContain('gntalloc_limit_pages{device="net"} 16');
  expect(lines).toContain('gntalloc_live_pages{device="disk"} 5');
  expect(lines).toContain('gntalloc_live_pages{device="net"} 1');
  expect(lines).toContain('gntalloc_peer_pages{device="disk",domid="0"} 3');
  expect(lines).toContain('gntalloc_peer_pages{device="disk",domid="7"} 2');
});

test("opentelemetry.ts observes two devices with a meter of the SDK", async () => {
  const lines = (await run("opentelemetry")).split("\n");
  expect(lines).toContain("gntalloc.pages.limit disk - 64");
  expect(lines).toContain("gntalloc.pages.limit net - 16");
  expect(lines).toContain("gntalloc.pages.live disk - 5");
  expect(lines).toContain("gntalloc.pages.live net - 1");
  expect(lines).toContain("gntalloc.pages.peer disk 0 3");
  expect(lines).toContain("gntalloc.pages.peer disk 7 2");
});
