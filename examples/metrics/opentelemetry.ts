/**
 * Metrics of two devices as gauges of OpenTelemetry. A service exports them with a reader of its own, such as
 * `PeriodicExportingMetricReader`; this example collects once and prints.
 *
 * @module
 */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { observe } from "../../src/metrics/mod.ts";

/** Collects when it is told to. */
class ManualReader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

const reader = new ManualReader();
const provider = new MeterProvider({ readers: [reader] });
const domain = new MockXen().domain(1);
const disk = new GrantDevice(domain, { limit: 64, trackAllocations: true });
const net = new GrantDevice(domain, { limit: 16 });
const observation = observe(provider.getMeter("storage"), [
  { device: disk, labels: { device: "disk" } },
  { device: net, labels: { device: "net" } },
]);
disk.open().allocate(0, { pages: 3 });
disk.open().allocate(7, { pages: 2 });
net.open().allocate(0);

const { resourceMetrics } = await reader.collect();
for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)) {
  for (const { value, attributes } of dataPoints) {
    console.log(descriptor.name, attributes.device, attributes.domid ?? "-", value);
  }
}
observation.stop();
await provider.shutdown();
