/** Arguments of a frontend and of the toolstack's calls. */
import { describe, expect, test } from "vitest";
import { createDevice, FrontendDevice, removeDevice, XenbusState } from "../../src/pv/mod.ts";
import { BACK, FRONT, ID, PLACE } from "./kernel_sides.ts";
import { machine } from "./support.ts";

const { Initialising, Unknown } = XenbusState;

describe("arguments", () => {
  test("of `open()` are checked, and the device must be there", async () => {
    const { xen, store, write, finish } = await machine();
    const open = (kind: unknown, id: unknown, options?: unknown) =>
      FrontendDevice.open(xen.domain(1), kind as string, id as number, options as object);
    await expect(open(1, 1)).rejects.toThrow("Cannot open a device as `kind` must be a string: current value is 1");
    await expect(open("v/bd", 1)).rejects.toThrow("`kind` must be a name of the characters A-Z, a-z, 0-9, - and _");
    await expect(open("vbd", -1)).rejects.toThrow("`id` must be a whole number from 0 to 4294967295");
    await expect(open("vbd", 1, { timeout: 1 })).rejects.toThrow(TypeError);
    await expect(open("vbd", 1)).rejects.toMatchObject({
      code: "no-device",
      message:
        "Cannot open a device: this domain has no vbd/1, as /local/domain/1/device/vbd/1 is not there. Have the " +
        "toolstack make it, for a disk by `xl block-attach`, or see whether the number is right.",
    });
    for (const path of ["backend", "/a//b", "/a b", ""]) {
      await write(`${FRONT}/backend`, path);
      await expect(open("vbd", ID)).rejects.toMatchObject({ code: "protocol" });
    }
    await store.remove(`${FRONT}/backend`);
    await expect(open("vbd", ID)).rejects.toMatchObject({ code: "no-device" });
    await write(`${FRONT}/backend`, BACK);
    await write(`${FRONT}/backend-id`, 40000);
    await expect(open("vbd", ID)).rejects.toMatchObject({ code: "protocol" });
    finish();
  });

  test("of the calls are checked", async () => {
    const { open, finish } = await machine();
    const device = await open();
    await expect(device.publish({ state: 1 })).rejects.toThrow("`nodes` must not have a `state`");
    await expect(device.publish({ "a b": 1 })).rejects.toThrow("the name of a node must be names joined by `/`");
    await expect(device.publish([] as never)).rejects.toThrow(TypeError);
    await expect(device.publish({}, 9 as never)).rejects.toThrow("`state` must be an XenbusState other than Unknown");
    await expect(device.publish({}, Unknown)).rejects.toThrow(RangeError);
    await expect(device.waitForBackend("4" as never)).rejects.toThrow(RangeError);
    await expect(device.waitForBackend([])).rejects.toThrow("`states` must not be empty");
    await expect(device.publish({}, 3, { signal: 1 as never })).rejects.toThrow("`signal` must be an AbortSignal");
    await expect(device.publish({}, 3, { signal: AbortSignal.abort("early") })).rejects.toBe("early");
    await expect(device.start({ timeout: -1 })).rejects.toThrow("`timeout` must be a whole number");
    await expect(device.backend.text("/a")).rejects.toThrow(RangeError);
    await expect(device.backend.number("a", -1)).rejects.toThrow(RangeError);
    await expect(device.fail(1 as never)).rejects.toThrow("`message` must be a string");
    await device.publish({}, Initialising);
    device.close();
    finish();
  });

  test("of `createDevice()` are checked, and there is one device in a place", async () => {
    const { xen, store, finish } = await machine();
    const create = (device: unknown) => createDevice(xen.domain(0), device as never);
    await expect(create({ ...PLACE })).rejects.toMatchObject({ code: "taken" });
    await expect(create({ ...PLACE, frontend: -1 })).rejects.toThrow("`frontend` must be a whole number");
    await expect(create({ ...PLACE, backendKind: "u/d" })).rejects.toThrow("`backendKind` must be a name");
    await expect(create({ ...PLACE, mode: "w" })).rejects.toThrow(TypeError);
    await expect(create({ ...PLACE, backendNodes: { state: 4 } })).rejects.toThrow(RangeError);
    await expect(removeDevice(xen.domain(0), { ...PLACE, id: -1 })).rejects.toThrow(RangeError);
    await store.remove(BACK);
    await expect(create({ ...PLACE })).rejects.toMatchObject({ code: "taken" });
    finish();
  });

  test("of a device that is made again have nothing of the one before", async () => {
    const { xen, store, write, finish } = await machine();
    await removeDevice(xen.domain(0), PLACE);
    // Without a state, it is no device.
    await write(`${FRONT}/ring-ref`, 8);
    await createDevice(xen.domain(0), PLACE);
    expect((await store.list(FRONT)).toSorted()).toEqual(["backend", "backend-id", "state"]);
    finish();
  });
});
