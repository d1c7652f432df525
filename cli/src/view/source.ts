import {
  type DeviceReport,
  drawDevice,
  type DrawnMachine,
  drawXen,
  type PictureOptions,
} from "@gntalloc/gntalloc/pictures";
import { parseTrace } from "@gntalloc/gntalloc/record";
import { UsageError } from "../exit.ts";
import type { Palette } from "../palette.ts";
import { readText } from "../files.ts";
import { recordedDomids, TraceMachine } from "../trace/trace_machine.ts";
import { deviceView } from "./device_view.ts";
import { machineView } from "./machine_view.ts";
import { isDeviceReport, isMachineReport } from "./report_types.ts";

/** What can be looked at. */
export type Report =
  | { readonly kind: "machine"; readonly machine: DrawnMachine }
  | { readonly kind: "device"; readonly device: DeviceReport };

/** Shows a report as text. */
export function viewOf(report: Report, palette: Palette): string {
  return report.kind === "machine" ? machineView(report.machine, palette) : deviceView(report.device, palette);
}

/** Draws a report as SVG. */
export function pictureOf(report: Report, options: PictureOptions): string {
  return report.kind === "machine" ? drawXen(report.machine, options) : drawDevice(report.device, options);
}

/** Whether a text is a trace, and not a report. */
export function isTrace(text: string): boolean {
  return /^\s*\{"trace"/.test(text);
}

/**
 * Reads a file that a program has written: the JSON of a report, or a trace, of which the end is shown.
 *
 * @param at The line of a trace after which it is shown, instead of its end.
 */
export function readReport(path: string, at?: number): Report {
  const text = readText(path);
  if (isTrace(text)) {
    const { calls } = parseTrace(text);
    const machine = new TraceMachine(recordedDomids(calls) ?? [1, 0]);
    for (const call of calls) if (call.line <= (at ?? Infinity)) machine.follow(call);
    return { kind: "machine", machine: machine.inspect() };
  }
  if (at !== undefined) throw new UsageError(`Cannot use --at as ${path} is no trace.`);
  return parseReport(text, path);
}

/** Reads the JSON of a report: what `JSON.stringify` makes of `inspect()` of a device or of a simulated Xen. */
export function parseReport(text: string, path: string): Report {
  const report = parseJson(text, path);
  const found = reportOf(report);
  if (found === undefined) {
    throw new UsageError(
      `Cannot show ${path}: it is no report. Write JSON.stringify(device.inspect()), or that of a MockXen.`,
    );
  }
  return found;
}

function parseJson(text: string, path: string): unknown {
  try {
    // JSON has no Infinity: it writes null.
    return JSON.parse(text, (key, value) => key === "limit" && value === null ? Infinity : value);
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

function reportOf(value: unknown): Report | undefined {
  if (isMachineReport(value)) return { kind: "machine", machine: value };
  if (isDeviceReport(value)) return { kind: "device", device: value };
  return undefined;
}
