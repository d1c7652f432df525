/**
 * Metrics of a device beside those of a program that uses prom-client.
 *
 * @module
 */
import { Gauge, Registry } from "prom-client";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { type MeasuredDevice, METRICS, readMetrics } from "../../src/metrics/mod.ts";

/** Registers a gauge for each metric. All are set from one report, when the first one is collected. */
function register(registry: Registry, device: MeasuredDevice): void {
  const gauges = new Map<string, Gauge>();
  const readAll = () => {
    for (const gauge of gauges.values()) gauge.reset();
    for (const { metric, value, domid } of readMetrics(device)) {
      gauges.get(metric.name)!.set(domid === undefined ? {} : { domid }, value);
    }
  };
  for (const [index, { name, help, perDomain }] of METRICS.entries()) {
    const gauge = new Gauge({
      name,
      help,
      registers: [registry],
      labelNames: perDomain ? ["domid"] : [],
      ...(index === 0 ? { collect: readAll } : {}),
    });
    gauges.set(name, gauge);
  }
}

const registry = new Registry();
const device = new GrantDevice(new MockXen().domain(1), { limit: 64, trackAllocations: true });
register(registry, device);
device.open().allocate(0, { pages: 3 });
device.open().allocate(7, { pages: 2 });
console.log(await registry.metrics());
