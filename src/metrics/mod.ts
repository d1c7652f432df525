/**
 * Metrics of a device, for those who watch many machines: {@linkcode metrics} writes OpenMetrics text, which Prometheus
 * scrapes, and {@linkcode observe} sets gauges of OpenTelemetry. {@linkcode readMetrics} is for everything else.
 *
 * @module
 */
export {
  type AllocationFacts,
  type AllocationReport,
  type AllocatorReport,
  type DeviceReport,
} from "../grants/reports.ts";
export { metrics, type MetricsOptions, OPEN_METRICS_TYPE } from "./open_metrics.ts";
export { type GaugeResult, type Observation, observe, type ObservingMeter } from "./open_telemetry.ts";
export { type MeasuredDevice, type Metric, METRICS, type Reading, readMetrics } from "./readings.ts";
