/** Metrics as gauges of a meter. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { type GaugeResult, METRICS, observe, type ObservingMeter } from "../../src/metrics/mod.ts";

type Callback = (result: GaugeResult<string>) => void;

/** A meter that collects when it is told to. */
function manualMeter() {
  const callbacks = new Map<Callback, string[]>();
  const units = new Map<string, string | undefined>();
  const meter: ObservingMeter<string> = {
    createObservableGauge(name, options) {
      units.set(name, options?.unit);
      return name;
    },
    addBatchObservableCallback: (callback, gauges) => void callbacks.set(callback, gauges),
    removeBatchObservableCallback: (callback) => void callbacks.delete(callback),
  };
  const collect = () => {
    const values: [gauge: string, value: number, attributes: unknown][] = [];
    for (const [callback, gauges] of callbacks) {
      callback({
        observe(gauge, value, attributes) {
          if (!gauges.includes(gauge)) throw new Error(`${gauge} was not announced`);
          values.push([gauge, value, attributes]);
        },
      });
    }
    return values;
  };
  return { meter, units, collect };
}

test("`observe()` sets a gauge for each metric, with the attributes", () => {
  const device = new GrantDevice(new MockXen().domain(1), { limit: 8, trackAllocations: true });
  const { meter, units, collect } = manualMeter();
  observe(meter, device, { device: "disk" });
  device.open().allocate(3, { pages: 2 });
  const values = collect();
  expect(values.map(([gauge]) => gauge)).toEqual(METRICS.map(({ instrument }) => instrument));
  expect(values).toContainEqual(["gntalloc.pages.limit", 8, { device: "disk" }]);
  expect(values).toContainEqual(["gntalloc.pages.live", 2, { device: "disk" }]);
  expect(values).toContainEqual(["gntalloc.pages.peer", 2, { device: "disk", domid: 3 }]);
  expect(units.get("gntalloc.pages.live")).toBe("{page}");
  expect(units.get("gntalloc.allocation.oldest")).toBe("s");
  expect(units.get("gntalloc.allocators")).toBe("1");
});

test("`observe()` observes several devices, with their labels as attributes", () => {
  const domain = new MockXen().domain(1);
  const [disk, net] = [new GrantDevice(domain), new GrantDevice(domain, { trackAllocations: true })];
  const { meter, collect } = manualMeter();
  const devices = [{ device: disk, labels: { device: "disk" } }, { device: net, labels: { device: "net" } }];
  using _ = observe(meter, devices, { shard: 3 });
  net.open().allocate(7, { pages: 2 });
  const values = collect();
  expect(values.filter(([gauge]) => gauge === "gntalloc.pages.live")).toEqual([
    ["gntalloc.pages.live", 0, { shard: 3, device: "disk" }],
    ["gntalloc.pages.live", 2, { shard: 3, device: "net" }],
  ]);
  expect(values).toContainEqual(["gntalloc.pages.peer", 2, { shard: 3, device: "net", domid: 7 }]);
  expect(() => observe(meter, [devices[0]!, devices[0]!])).toThrow("the labels of `devices[1]` must differ");
});

test("`observe()` reads one report for all gauges", () => {
  const device = new GrantDevice(new MockXen().domain(1));
  let reports = 0;
  const { meter, collect } = manualMeter();
  observe(meter, {
    inspect() {
      reports++;
      return device.inspect();
    },
  });
  collect();
  expect(reports).toBe(1);
});

test("`observe()` leaves out a limit that is infinite", () => {
  const device = new GrantDevice(new MockXen({ limit: Infinity }).domain(1));
  const { meter, collect } = manualMeter();
  observe(meter, device);
  expect(collect().map(([gauge]) => gauge)).not.toContain("gntalloc.pages.limit");
});

test("`stop()` ends the observation, and so does `using`", () => {
  const device = new GrantDevice(new MockXen().domain(1));
  const { meter, collect } = manualMeter();
  const observation = observe(meter, device);
  observation.stop();
  observation.stop();
  expect(collect()).toEqual([]);
  {
    using _ = observe(meter, device);
    expect(collect().length).toBeGreaterThan(0);
  }
  expect(collect()).toEqual([]);
});

test("`observe()` refuses what is no device at once, and not when metrics are collected", () => {
  const { meter, units } = manualMeter();
  expect(() => observe(meter, {} as never)).toThrow("Cannot observe a device as `device` must have a method `inspect`");
  expect(units.size).toBe(0);
});
