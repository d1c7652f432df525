/** The examples of metrics, with the libraries that they are about. */
import { expect, test } from "vitest";
import { exec } from "../../scripts/exec.ts";

const run = (name: string) => {
  const path = new URL(`../../examples/metrics/${name}.ts`, import.meta.url).pathname;
  return exec(Deno.execPath(), ["run", "-A", "--no-check", path]);
};

test("prom_client.ts registers gauges that read the device", async () => {
  const lines = (await run("prom_client")).split("\n");
  expect(lines).toContain("gntalloc_limit_pages 64");
  expect(lines).toContain("gntalloc_live_pages 5");
  expect(lines).toContain('gntalloc_peer_pages{domid="0"} 3');
  expect(lines).toContain('gntalloc_peer_pages{domid="7"} 2');
});

test("opentelemetry.ts observes the device with a meter of the SDK", async () => {
  const lines = (await run("opentelemetry")).split("\n");
  expect(lines).toContain("gntalloc.pages.limit - 64");
  expect(lines).toContain("gntalloc.pages.live - 5");
  expect(lines).toContain("gntalloc.pages.peer 0 3");
  expect(lines).toContain("gntalloc.pages.peer 7 2");
});
