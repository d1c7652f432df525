import { readOptions } from "../contract/options.ts";
import { checkLabels, type LabelledDevice, type MeasuredDevice, readDevices } from "./devices.ts";
import { type Metric, METRICS, type Reading, readMetrics } from "./readings.ts";

/** How metrics are written. */
export interface MetricsOptions {
  /** Labels that all samples get, such as `{ service: "storage" }`, under the same rules as those of a device. */
  labels?: Readonly<Record<string, string>> | undefined;
}

/** The `Content-Type` of what {@linkcode metrics} returns. */
export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/**
 * Writes the metrics of one device, or of several, in the text format of OpenMetrics, which Prometheus scrapes. Serve it
 * with the `Content-Type` {@linkcode OPEN_METRICS_TYPE}.
 *
 * @param devices The device; or several, each with labels that tell it from the others.
 * @param options Labels for all samples. If a device has a label of the same name, that one counts.
 * @returns The text, which ends with `# EOF`.
 * @throws {TypeError} if something is no device, if a label has a wrong name, or a value that is not a string, or if two
 * devices have the same labels.
 *
 * @example Serve the metrics of a device
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { metrics, OPEN_METRICS_TYPE } from "@gntalloc/gntalloc/metrics";
 * import assert from "node:assert/strict";
 *
 * using device = new GrantDevice(new MockXen().domain(1));
 * device.open().allocate(0, { pages: 2 });
 * const handler = () => new Response(metrics(device), { headers: { "content-type": OPEN_METRICS_TYPE } });
 * assert.match(await handler().text(), /^gntalloc_live_pages 2$/m);
 * ```
 *
 * @example Write the metrics of two devices
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { metrics } from "@gntalloc/gntalloc/metrics";
 * import assert from "node:assert/strict";
 *
 * const domain = new MockXen().domain(1);
 * using disk = new GrantDevice(domain);
 * using net = new GrantDevice(domain);
 * disk.open().allocate(0, { pages: 2 });
 * const text = metrics([{ device: disk, labels: { device: "disk" } }, { device: net, labels: { device: "net" } }]);
 * assert.match(text, /^gntalloc_live_pages\{device="disk"\} 2\ngntalloc_live_pages\{device="net"\} 0$/m);
 * ```
 */
export function metrics(devices: MeasuredDevice | readonly LabelledDevice[], options?: MetricsOptions): string {
  const { labels: common = {} } = readOptions("write metrics", options, ["labels"]);
  checkLabels("write metrics", common, "`labels`");
  const readings = readDevices("write metrics", devices, common).flatMap(({ device, labels }) =>
    readMetrics(device).map((reading) => ({ ...reading, labels }))
  );
  const byMetric = Map.groupBy(readings, ({ metric }) => metric);
  // The samples of a metric must be together.
  const lines = METRICS.flatMap((metric) => {
    const samples = byMetric.get(metric) ?? [];
    return samples.length === 0 ? [] : [...describe(metric), ...samples.map(sampleOf)];
  });
  return `${lines.map((line) => `${line}\n`).join("")}# EOF\n`;
}

function describe({ name, help, unit }: Metric): string[] {
  return [`# TYPE ${name} gauge`, ...(unit === "" ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${help}`];
}

function sampleOf({ metric, value, domid, labels }: Reading & Pick<LabelledDevice, "labels">): string {
  const all = Object.entries(domid === undefined ? labels : { ...labels, domid: String(domid) })
    .map(([name, text]) => `${name}="${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`);
  return `${metric.name}${all.length === 0 ? "" : `{${all.join()}}`} ${value === Infinity ? "+Inf" : value}`;
}
