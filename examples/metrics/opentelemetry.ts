/**
 * Metrics of a device as gauges of OpenTelemetry. A service exports them with a reader of its own, such as
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
const device = new GrantDevice(new MockXen().domain(1), { limit: 64, trackAllocations: true });
const observation = observe(provider.getMeter("disk"), device, { device: "disk" });
device.open().allocate(0, { pages: 3 });
device.open().allocate(7, { pages: 2 });

const { resourceMetrics } = await reader.collect();
for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)) {
  for (const { value, attributes } of dataPoints) console.log(descriptor.name, attributes.domid ?? "-", value);
}
observation.stop();
await provider.shutdown();
