import { type LabelledDevice, type MeasuredDevice, readDevices } from "./devices.ts";
import { type Metric, METRICS, readMetrics } from "./readings.ts";

/**
 * A meter of OpenTelemetry's API, as far as it is used here.
 *
 * @typeParam Gauge Its observable gauges.
 */
export interface ObservingMeter<Gauge> {
  /** Creates a gauge that is read when metrics are collected. */
  createObservableGauge(name: string, options?: { description?: string; unit?: string }): Gauge;
  /** Adds a callback that reads several gauges at once. */
  addBatchObservableCallback(callback: (result: GaugeResult<Gauge>) => void, gauges: Gauge[]): void;
  /** Removes a callback. */
  removeBatchObservableCallback(callback: (result: GaugeResult<Gauge>) => void, gauges: Gauge[]): void;
}

/**
 * What a callback passes its values to.
 *
 * @typeParam Gauge The gauges that it takes values of.
 */
export interface GaugeResult<Gauge> {
  /** Takes a value of a gauge. */
  observe(gauge: Gauge, value: number, attributes?: Record<string, string | number>): void;
}

/** Ends an observation. */
export interface Observation extends Disposable {
  /** Ends it: the gauges get no more values. Further calls do nothing. */
  stop(): void;
}

/** OpenTelemetry writes units in the notation of UCUM. */
const UNITS = { pages: "{page}", seconds: "s", "": "1" } as const;

/**
 * Observes one device, or several, with a meter of OpenTelemetry: a gauge for each metric. Whenever metrics are
 * collected, all values of a device are read from one report.
 *
 * @typeParam Gauge The gauges of the meter.
 * @param meter The meter: `metrics.getMeter("my-service")` of `@opentelemetry/api`.
 * @param devices The device; or several, each with labels that tell it from the others, which become attributes. They
 * are kept alive until the observation is stopped.
 * @param attributes Attributes of all values, such as `{ service: "storage" }`. If a device has a label of the same name,
 * that one counts. Values about a domain also have `domid`.
 * @returns What ends the observation.
 * @throws {TypeError} if something is no device, if a label has a wrong name, or a value that is not a string, or if two
 * devices have the same labels.
 *
 * @example Observe a device with any meter
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { observe, type ObservingMeter } from "@gntalloc/gntalloc/metrics";
 * import assert from "node:assert/strict";
 *
 * let collect = () => {};
 * const values = new Map<string, number>();
 * const meter: ObservingMeter<string> = {
 *   createObservableGauge: (name) => name,
 *   addBatchObservableCallback: (callback) => {
 *     collect = () => callback({ observe: (gauge, value) => values.set(gauge, value) });
 *   },
 *   removeBatchObservableCallback: () => {},
 * };
 *
 * using device = new GrantDevice(new MockXen().domain(1));
 * using _ = observe(meter, device);
 * device.open().allocate(0, { pages: 2 });
 * collect();
 * assert.equal(values.get("gntalloc.pages.live"), 2);
 * ```
 */
export function observe<Gauge>(
  meter: ObservingMeter<Gauge>,
  devices: MeasuredDevice | readonly LabelledDevice[],
  attributes: Readonly<Record<string, string | number>> = {},
): Observation {
  const all = readDevices("observe a device", devices, attributes);
  const gauges = new Map<Metric, Gauge>(
    METRICS.map((metric) => [
      metric,
      meter.createObservableGauge(metric.instrument, { description: metric.help, unit: UNITS[metric.unit] }),
    ]),
  );
  const callback = (result: GaugeResult<Gauge>) => {
    for (const { device, labels } of all) {
      for (const { metric, value, domid } of readMetrics(device)) {
        // Exporters cannot write infinity in JSON.
        if (value === Infinity) continue;
        result.observe(gauges.get(metric)!, value, domid === undefined ? { ...labels } : { ...labels, domid });
      }
    }
  };
  const observed = [...gauges.values()];
  meter.addBatchObservableCallback(callback, observed);
  const stop = () => meter.removeBatchObservableCallback(callback, observed);
  return { stop, [Symbol.dispose]: stop };
}
