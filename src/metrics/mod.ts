/**
 * Metrics of devices, for those who watch many machines: {@linkcode metrics} writes OpenMetrics text, which Prometheus
 * scrapes, and {@linkcode observe} sets gauges of OpenTelemetry, each for one device or for several. With
 * {@linkcode readMetrics}, a program gives them to any other library.
 *
 * @module
 */
export {
  type AllocationFacts,
  type AllocationReport,
  type AllocatorReport,
  type DeviceReport,
} from "../grants/reports.ts";
export { type LabelledDevice, type MeasuredDevice } from "./devices.ts";
export { metrics, type MetricsOptions, OPEN_METRICS_TYPE } from "./open_metrics.ts";
export { type GaugeResult, type Observation, observe, type ObservingMeter } from "./open_telemetry.ts";
export { type Metric, METRICS, type Reading, readMetrics } from "./readings.ts";
