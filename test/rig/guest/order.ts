/** The order in which the kernel carries out an unmap notify, by the kernel's own trace. Only for dom0. */

import { denoDomain } from "../../../backends/deno.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../../mod.ts";
import { assertEquals } from "../../conformance/asserts.ts";
import type { Suite } from "./runner.ts";

const TRACING = "/sys/kernel/tracing";

/** What the kernel does, by the function that it calls for that. */
const PROBES = {
  // Called when an unmap notify has sent its event, for the port that it held.
  event: "evtchn_put",
  end_access: "gnttab_end_foreign_access",
  unmap: "gnttab_unmap_refs_async",
};

type Step = keyof typeof PROBES;

/** Returns what the kernel does during an action, of {@linkcode PROBES}, in order. */
function traced(action: () => void): Step[] {
  const write = (file: string, text: string) => Deno.writeTextFileSync(`${TRACING}/${file}`, text);
  for (const [name, symbol] of Object.entries(PROBES)) {
    Deno.writeTextFileSync(`${TRACING}/kprobe_events`, `p:rig/${name} ${symbol}\n`, { append: true });
  }
  try {
    write("trace", "");
    write("events/rig/enable", "1");
    action();
  } finally {
    write("events/rig/enable", "0");
  }
  const trace = Deno.readTextFileSync(`${TRACING}/trace`);
  write("kprobe_events", "");
  return [...trace.matchAll(/: (\w+): \(/g)].map(([, name]) => name as Step);
}

export function declare({ test }: Suite): void {
  test("a page that is freed: first the event, then access ends", () => {
    mountTracing();
    using device = new GrantDevice(denoDomain());
    using events = new EventChannels(denoDomain());
    const pages = device.open().allocate(0, { writable: true });
    const { port } = events.bindUnbound(0);
    const view = pages.map();
    pages.setUnmapNotify({ clearByte: 0, eventPort: port });
    assertEquals(traced(() => view.unmap()), []);
    assertEquals(traced(() => pages.free()), ["event", "end_access"]);
  });

  test("a mapping that ends: the page is unmapped, then comes the event", () => {
    mountTracing();
    using device = new GrantDevice(denoDomain());
    using mapper = new GrantMapper(denoDomain());
    using events = new EventChannels(denoDomain());
    const pages = device.open().allocate(0, { writable: true });
    const { port } = events.bindUnbound(0);
    const view = mapper.map(0, pages.grefs, { writable: true });
    view.setUnmapNotify({ clearByte: 0, eventPort: port });
    assertEquals(traced(() => view.unmap()), ["unmap", "event"]);
  });
}

function mountTracing(): void {
  new Deno.Command("mount", { args: ["-t", "tracefs", "tracefs", TRACING] }).outputSync();
}
