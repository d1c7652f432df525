import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkText, show } from "../contract/checks.ts";
import { checkPlainObject, readOptions } from "../contract/options.ts";
import { checkDevice, type MeasuredDevice, type Metric, readMetrics } from "./readings.ts";

/** How metrics are written. */
export interface MetricsOptions {
  /**
   * Labels that each sample gets, such as `{ service: "disk" }`. A name has letters, digits and `_`, and does not start
   * with a digit or `__`; `domid` is taken.
   */
  labels?: Readonly<Record<string, string>> | undefined;
}

/** The `Content-Type` of what {@linkcode metrics} returns. */
export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const NAME = /^(?!__|domid$)[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Writes the metrics of a device in the text format of OpenMetrics, which Prometheus scrapes. Serve it with the
 * `Content-Type` {@linkcode OPEN_METRICS_TYPE}.
 *
 * @param device The device.
 * @param options Labels.
 * @returns The text, which ends with `# EOF`.
 * @throws {TypeError} if it is no device, or if a label has a wrong name, or a value that is not a string.
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
 */
export function metrics(device: MeasuredDevice, options?: MetricsOptions): string {
  checkDevice("write metrics", device);
  const labels = checkLabels(readOptions("write metrics", options, ["labels"]).labels);
  const lines: string[] = [];
  let last: Metric | undefined;
  for (const { metric, value, domid } of readMetrics(device)) {
    if (metric !== last) lines.push(...describe(metric));
    last = metric;
    const all = domid === undefined ? labels : [...labels, label("domid", String(domid))];
    lines.push(`${metric.name}${all.length === 0 ? "" : `{${all.join()}}`} ${value === Infinity ? "+Inf" : value}`);
  }
  return `${lines.join("\n")}\n# EOF\n`;
}

function describe({ name, help, unit }: Metric): string[] {
  return [`# TYPE ${name} gauge`, ...(unit === "" ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${help}`];
}

function checkLabels(labels: MetricsOptions["labels"] = {}): string[] {
  checkPlainObject("write metrics", labels, "`labels`");
  return Object.entries(labels).map(([name, value]) => {
    if (!NAME.test(name)) {
      throw new ArgumentTypeError(
        "Cannot write metrics as the name of a label must have letters, digits and `_`, not start with a digit or " +
          `\`__\`, and not be "domid": current value is ${show(name)}`,
      );
    }
    checkText("write metrics", `the label \`${name}\``, value);
    return label(name, value);
  });
}

function label(name: string, value: string): string {
  return `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
