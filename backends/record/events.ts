import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import type { Tape } from "./trace_writer.ts";

const side = "events";

/**
 * A backend of event channels, recorded.
 *
 * @param end Which one of the trace: 0 is the first.
 */
export function recordedEvents(tape: Tape, backend: EventBackend, end: number): EventBackend {
  const more = end === 0 ? {} : { end };
  return {
    name: backend.name,
    open: () => tape.open(backend, side, (file, number) => recordedFile(tape, backend, file, number), more),
  };
}

function recordedFile(tape: Tape, backend: EventBackend, file: EventFile, number: number): EventFile {
  const bind = (call: object, run: () => number) =>
    tape.record(backend, { side, file: number, ...call }, run, (port) => ({ port: port ?? null }));
  const act = (call: string, port: number, run: () => void) =>
    tape.record(backend, { side, call, file: number, port }, run);
  return {
    bindUnbound: (domid) => bind({ call: "bindUnbound", domid }, () => file.bindUnbound(domid)),
    bindInterdomain: (domid, remotePort) => {
      const call = { call: "bindInterdomain", domid, remotePort };
      return bind(call, () => file.bindInterdomain(domid, remotePort));
    },
    bindVirq: (virq) => bind({ call: "bindVirq", virq }, () => file.bindVirq(virq)),
    notify: (port) => act("notify", port, () => file.notify(port)),
    pending: () => {
      const call = { side, call: "pending", file: number };
      return tape.record(backend, call, () => file.pending(), (ports) => ({ ports: ports ?? null }));
    },
    unmask: (port) => act("unmask", port, () => file.unmask(port)),
    // What comes of waiting is what `pending` says then.
    whenPending: (callback) =>
      tape.record(backend, { side, call: "wait", file: number }, () => file.whenPending(callback)),
    unbind: (port) => act("unbind", port, () => file.unbind(port)),
    close: () => tape.close(backend, side, file, number),
  };
}
