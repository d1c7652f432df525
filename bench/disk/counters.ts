/**
 * Counts what requests to a disk cost a kernel: calls of its functions by its probes, and interrupts.
 *
 * @module
 */

/** A function of the kernel, and what its calls are. */
export interface Probe {
  readonly name: string;
  readonly symbol: string;
}

const TRACING = "/sys/kernel/tracing";

/** The line of the shell that sets probes. */
export function setProbes(probes: readonly Probe[]): string {
  return [
    `grep -q ${TRACING} /proc/mounts || mount -t tracefs tracefs ${TRACING}`,
    ...probes.map(({ name, symbol }) => `echo 'p:disk/${name} ${symbol}' >> ${TRACING}/kprobe_events`),
    ...probes.map(({ name }) => `echo 1 > ${TRACING}/events/disk/${name}/enable`),
  ].join(" && ");
}

/** The line of the shell that prints how often probes were hit, and which interrupts there were. */
export const READ_COUNTERS = `cat ${TRACING}/kprobe_profile && grep xen-dyn /proc/interrupts`;

/** How often a probe was hit. */
export function hitsOf(counters: string, name: string): number {
  return Number(new RegExp(`^ *${name} +(\\d+)`, "m").exec(counters)?.[1] ?? NaN);
}

/** How many interrupts there were whose names match. */
export function interruptsOf(counters: string, name: RegExp): number {
  let sum = 0;
  for (const line of counters.split("\n")) {
    const [, count, rest] = /^ *\d+: +(\d+) +(.*)$/.exec(line) ?? [];
    if (count !== undefined && name.test(rest!)) sum += Number(count);
  }
  return sum;
}
