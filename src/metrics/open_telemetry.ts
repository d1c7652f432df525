import { checkDevice, type MeasuredDevice, type Metric, METRICS, readMetrics } from "./readings.ts";

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
 * Observes a device with a meter of OpenTelemetry: a gauge for each metric, all read from one report whenever metrics
 * are collected.
 *
 * @typeParam Gauge The gauges of the meter.
 * @param meter The meter: `metrics.getMeter("my-service")` of `@opentelemetry/api`.
 * @param device The device. It is kept alive until the observation is stopped.
 * @param attributes Attributes of each value, such as `{ device: "disk" }`. Those about a domain also have `domid`.
 * @returns What ends the observation.
 * @throws {TypeError} if it is no device.
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
  device: MeasuredDevice,
  attributes: Readonly<Record<string, string | number>> = {},
): Observation {
  checkDevice("observe a device", device);
  const gauges = new Map<Metric, Gauge>(
    METRICS.map((metric) => [
      metric,
      meter.createObservableGauge(metric.instrument, { description: metric.help, unit: UNITS[metric.unit] }),
    ]),
  );
  const callback = (result: GaugeResult<Gauge>) => {
    for (const { metric, value, domid } of readMetrics(device)) {
      // Exporters cannot write infinity in JSON.
      if (value === Infinity) continue;
      result.observe(gauges.get(metric)!, value, domid === undefined ? { ...attributes } : { ...attributes, domid });
    }
  };
  const all = [...gauges.values()];
  meter.addBatchObservableCallback(callback, all);
  const stop = () => meter.removeBatchObservableCallback(callback, all);
  return { stop, [Symbol.dispose]: stop };
}
