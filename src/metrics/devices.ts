import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkText, show } from "../contract/checks.ts";
import { checkPlainObject, readOptions } from "../contract/options.ts";
import type { DeviceReport } from "../grants/reports.ts";

/** A device, as far as its metrics need it: a `GrantDevice`. */
export interface MeasuredDevice {
  /** Counts what the device holds. */
  inspect(): DeviceReport;
}

/** One of several devices, with the labels that tell it from the others. */
export interface LabelledDevice {
  /** The device. */
  device: MeasuredDevice;
  /**
   * Labels of its metrics, such as `{ device: "disk" }`. A name has letters, digits and `_`, and does not start with a
   * digit or `__`; `domid` is taken.
   */
  labels: Readonly<Record<string, string>>;
}

const NAME = /^(?!__|domid$)[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Throws unless a value can be measured.
 *
 * @param what The operation, for the message: "write metrics".
 * @param name What the value is called in messages.
 */
export function checkDevice(what: string, device: unknown, name = "`device`"): asserts device is MeasuredDevice {
  if (typeof (Object(device) as { inspect?: unknown }).inspect === "function") return;
  throw new ArgumentTypeError(
    `Cannot ${what} as ${name} must have a method \`inspect\`, such as a GrantDevice: current value is ${show(device)}`,
  );
}

/**
 * Throws unless labels can be written.
 *
 * @param name What the labels are called in messages.
 */
export function checkLabels(what: string, labels: unknown, name: string): asserts labels is LabelledDevice["labels"] {
  checkPlainObject(what, labels, name);
  for (const [label, value] of Object.entries(labels)) {
    if (!NAME.test(label)) {
      throw new ArgumentTypeError(
        `Cannot ${what} as the name of a label must have letters, digits and \`_\`, not start with a digit or \`__\`, ` +
          `and not be "domid": current value is ${show(label)}`,
      );
    }
    checkText(what, `the label \`${label}\``, value);
  }
}

/** A device that was read, with all labels of its metrics. */
export interface ReadDevice<Value> {
  readonly device: MeasuredDevice;
  readonly labels: Readonly<Record<string, Value>>;
}

/**
 * Reads what is to be measured: one device, or several with labels that tell them apart.
 *
 * @param what The operation, for the message: "write metrics".
 * @param common The labels of all devices. A device's own label wins.
 */
export function readDevices<Value>(
  what: string,
  devices: MeasuredDevice | readonly LabelledDevice[],
  common: Readonly<Record<string, Value>>,
): readonly ReadDevice<Value | string>[] {
  if (!Array.isArray(devices)) {
    checkDevice(what, devices);
    return [{ device: devices, labels: common }];
  }
  const seen = new Map<string, number>();
  return devices.map((one: LabelledDevice, index) => {
    const name = `\`devices[${index}]\``;
    checkPlainObject(what, one, name);
    const { device, labels: own } = readOptions<LabelledDevice>(what, one, ["device", "labels"], name);
    checkDevice(what, device, `\`device\` of ${name}`);
    checkLabels(what, own, `\`labels\` of ${name}`);
    const labels = { ...common, ...own };
    // To those who read metrics, an empty label is none.
    const key = JSON.stringify(Object.entries(labels).filter(([, value]) => value !== "").sort());
    const other = seen.get(key);
    if (other !== undefined) {
      throw new ArgumentTypeError(
        `Cannot ${what} as the labels of ${name} must differ from those of \`devices[${other}]\`: both have ${
          JSON.stringify(labels)
        }`,
      );
    }
    seen.set(key, index);
    return { device, labels };
  });
}
