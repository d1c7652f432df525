/**
 * Metrics of two devices beside those of a program that uses prom-client.
 *
 * @module
 */
import { Gauge, Registry } from "prom-client";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { type MeasuredDevice, METRICS, readMetrics } from "../../src/metrics/mod.ts";

/** Registers a gauge for each metric. When the first one is collected, all are set, from one report of each device. */
function register(registry: Registry, devices: ReadonlyMap<string, MeasuredDevice>): void {
  const gauges = new Map<string, Gauge>();
  const readAll = () => {
    for (const gauge of gauges.values()) gauge.reset();
    for (const [device, measured] of devices) {
      for (const { metric, value, domid } of readMetrics(measured)) {
        gauges.get(metric.name)!.set(domid === undefined ? { device } : { device, domid }, value);
      }
    }
  };
  for (const [index, { name, help, perDomain }] of METRICS.entries()) {
    const gauge = new Gauge({
      name,
      help,
      registers: [registry],
      labelNames: perDomain ? ["device", "domid"] : ["device"],
      ...(index === 0 ? { collect: readAll } : {}),
    });
    gauges.set(name, gauge);
  }
}

const registry = new Registry();
const domain = new MockXen().domain(1);
const disk = new GrantDevice(domain, { limit: 64, trackAllocations: true });
const net = new GrantDevice(domain, { limit: 16 });
register(registry, new Map([["disk", disk], ["net", net]]));
disk.open().allocate(0, { pages: 3 });
disk.open().allocate(7, { pages: 2 });
net.open().allocate(0);
console.log(await registry.metrics());
