/** `doctor`, on systems on which one thing is broken. */
import { describe, expect, test } from "vitest";
import { CHECKS, examine } from "../../cli/src/doctor/examine.ts";
import { koffiCommand } from "../../cli/src/doctor/koffi_command.ts";
import type { Problem, Reader } from "../../cli/src/doctor/reader.ts";
import { gntalloc } from "./cli.ts";

/** A system, as far as `doctor` looks at it. What is not there is `undefined`. */
interface System {
  platform?: string;
  runtime?: Reader["runtime"];
  isRoot?: boolean;
  files?: Record<string, string | Problem | undefined>;
  /** Why devices cannot be used, by their paths. */
  devices?: Record<string, string>;
  commands?: Record<string, string | undefined>;
  ffi?: Problem;
  domid?: number | Problem;
}

const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";

/** A healthy PV domU. */
const FILES = {
  "/sys/hypervisor/type": "xen",
  "/sys/hypervisor/version/major": "4",
  "/sys/hypervisor/version/minor": "17",
  "/sys/hypervisor/version/extra": ".5",
  "/sys/hypervisor/guest_type": "PV",
  "/proc/xen/capabilities": "",
  [LIMIT]: "1024",
  "/sys/module/xen_gntdev/parameters/limit": "65536",
  "/sys/module/xen_evtchn/uevent": "",
  "/proc/self/smaps": "Size:               1024 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB",
};
/** What dom0 has in its place. */
const DOM0: System = {
  files: { "/proc/xen/capabilities": "control_d" },
  commands: { xl: "placeholder gnttab_max_frames=128 console=com1" },
  domid: 0,
};

function readerOf(system: System): Reader {
  const { platform = "linux", runtime = { name: "Deno", version: "2.9.6" }, isRoot = false, ffi, domid = 5 } = system;
  const files: NonNullable<System["files"]> = { ...FILES, ...system.files };
  return {
    platform,
    runtime,
    koffi: "npm install koffi",
    isRoot,
    kernel: "6.1.0-28-amd64",
    text: (path) => Promise.resolve(files[path] ?? { code: "ENOENT", message: `ENOENT: ${path}` }),
    access: (path) => {
      const code = system.devices?.[path];
      return Promise.resolve(code === undefined ? undefined : { code, message: `${code}: ${path}` });
    },
    command: (name) => Promise.resolve(system.commands?.[name]),
    ffi: () => Promise.resolve(ffi),
    domid: () => Promise.resolve(domid),
  };
}

/** What is wrong: the findings that did not pass, by their checks. */
async function wrongs(system: System) {
  const findings = await examine(readerOf(system));
  expect(findings.map(({ check }) => check)).toEqual(CHECKS.map(({ name }) => name));
  return Object.fromEntries(
    findings.filter(({ status }) => status === "fail" || status === "warn").map(({ check, ...rest }) => [check, rest]),
  );
}

async function finding(system: System, name: string) {
  return (await examine(readerOf(system))).find(({ check }) => check === name)!;
}

describe("nothing is wrong", () => {
  test("in a PV domU", async () => {
    expect(await wrongs({})).toEqual({});
    expect((await finding({}, "xen")).says).toBe("Xen 4.17.5");
    expect((await finding({}, "domain")).says).toBe("domain 5 (domU), PV");
    expect((await finding({}, "page size")).says).toBe("Linux 6.1.0-28-amd64, pages of 4096 bytes");
    expect((await finding({}, "XenStore")).says).toBe("it answers: this is domain 5");
    expect((await finding({}, "grant table")).status).toBe("skip");
  });

  test("in a PVH domU, which is told what it must not do", async () => {
    const system = { files: { "/sys/hypervisor/guest_type": "PVH" } };
    expect(await wrongs(system)).toEqual({});
    expect((await finding(system, "domain")).says).toContain("domain 5 (domU), PVH: it must not map its own grants");
  });

  test("on the oldest Node on which this starts", async () => {
    const system = { runtime: { name: "Node", version: "22.12.0" } } as const;
    expect(await wrongs(system)).toEqual({});
    expect((await finding(system, "runtime")).says).toBe("Node 22.12.0");
  });

  test("in dom0, which also knows the sizes of the tables", async () => {
    expect(await wrongs(DOM0)).toEqual({});
    expect((await finding(DOM0, "domain")).says).toBe("domain 0 (dom0), PV");
    expect((await finding(DOM0, "grant table")).says).toContain(
      "at most 65536 references in 128 frames, and 262144 mappings",
    );
  });
});

describe("one thing is wrong", () => {
  test.each<[string, string, System, Record<string, unknown>]>([
    ["no Xen", "xen", { files: { "/sys/hypervisor/type": undefined } }, {
      status: "fail",
      mend: "gntalloc share --mock --to 0",
    }],
    ["another hypervisor", "xen", { files: { "/sys/hypervisor/type": "kvm" } }, { status: "fail" }],
    ["another system", "xen", { platform: "darwin" }, {
      status: "fail",
      says: "this is darwin: only Linux has the devices. Use the simulated Xen",
    }],
    [
      "Deno may not read",
      "xen",
      { files: { "/sys/hypervisor/type": { code: "EACCES", message: "Requires read access" } } },
      { status: "fail", says: "/sys/hypervisor/type cannot be read: Requires read access", mend: "deno run -A …" },
    ],
    ["large pages", "page size", { files: { "/proc/self/smaps": "KernelPageSize:       64 kB" } }, {
      status: "fail",
      says:
        "Linux 6.1.0-28-amd64 has pages of 64 KiB, and Xen's grants are of 4 KiB: boot a kernel with pages of 4 KiB",
      mend: "grep CONFIG_ARM64_4K_PAGES /boot/config-*",
    }],
    ["an old Deno", "runtime", { runtime: { name: "Deno", version: "2.3.1" } }, {
      status: "warn",
      mend: "deno upgrade",
    }],
    [
      "no permission for FFI",
      "ffi",
      { ffi: { code: "permission", message: "Deno may not call the C library." } },
      {
        status: "fail",
        says: "Deno may not call the C library",
        mend: "deno run --allow-ffi --allow-read --allow-env …",
      },
    ],
    [
      "no koffi",
      "ffi",
      { runtime: { name: "Node", version: "24.1.0" }, ffi: { code: "unsupported", message: "koffi is missing." } },
      { status: "fail", mend: "npm install koffi" },
    ],
    [
      "a driver is not loaded",
      "/dev/xen/gntalloc",
      { devices: { "/dev/xen/gntalloc": "ENOENT" }, files: { [LIMIT]: undefined } },
      {
        status: "fail",
        says: "no program can share pages: the driver xen_gntalloc is not loaded",
        mend: "sudo modprobe xen_gntalloc",
      },
    ],
    [
      "a device is not passed into a container",
      "/dev/xen/gntdev",
      { devices: { "/dev/xen/gntdev": "ENOENT" } },
      { status: "fail", mend: "docker run --device /dev/xen/gntdev …" },
    ],
    [
      "no right to a device",
      "/dev/xen/evtchn",
      { devices: { "/dev/xen/evtchn": "EACCES" } },
      { status: "fail", mend: "sudo chown root:$(id -gn) /dev/xen/evtchn && sudo chmod 0660 /dev/xen/evtchn" },
    ],
    [
      "root is told commands without sudo",
      "/dev/xen/gntalloc",
      { isRoot: true, devices: { "/dev/xen/gntalloc": "ENOENT" }, files: { [LIMIT]: undefined } },
      { mend: "modprobe xen_gntalloc" },
    ],
    [
      "a device fails in another way",
      "/dev/xen/gntdev",
      { devices: { "/dev/xen/gntdev": "EIO" } },
      { status: "fail", says: "this user cannot map and copy pages: EIO: /dev/xen/gntdev" },
    ],
    [
      "no xenbus",
      "/dev/xen/xenbus",
      { devices: { "/dev/xen/xenbus": "ENOENT" } },
      { status: "fail", mend: "docker run --device /dev/xen/xenbus …" },
    ],
    ["the limit is 0", "pages to share", { files: { [LIMIT]: "0" } }, {
      status: "fail",
      mend: `echo 1024 | sudo tee ${LIMIT}`,
    }],
    ["the limit is low", "pages to share", { files: { [LIMIT]: "16" } }, {
      status: "warn",
      mend: `echo 1024 | sudo tee ${LIMIT}`,
    }],
    [
      "the limit of gntdev is 0",
      "pages to map",
      { files: { "/sys/module/xen_gntdev/parameters/limit": "0" } },
      { status: "fail", mend: "echo 65536 | sudo tee /sys/module/xen_gntdev/parameters/limit" },
    ],
    [
      "no XenStore, in a domU",
      "XenStore",
      { domid: { code: "no-device", message: "No daemon." } },
      { status: "fail", says: "No daemon", mend: "systemctl start xenstored   # in dom0" },
    ],
    [
      "no XenStore, in dom0",
      "XenStore",
      { ...DOM0, domid: { code: "no-device", message: "No daemon." } },
      { status: "fail", mend: "sudo systemctl start xenstored" },
    ],
    [
      "XenStore hangs",
      "XenStore",
      { ...DOM0, domid: { code: "timed-out", message: "" } },
      { status: "fail", says: "the daemon does not answer", mend: "sudo systemctl restart xenstored" },
    ],
    [
      "no right to XenStore",
      "XenStore",
      { domid: { code: "permission", message: "Cannot open." } },
      { status: "fail", mend: "sudo chown root:$(id -gn) /dev/xen/xenbus && sudo chmod 0660 /dev/xen/xenbus" },
    ],
  ])("%s", async (_, check, system, expected) => {
    const found = await wrongs(system);
    expect(Object.keys(found)).toEqual([check]);
    expect(found[check]).toMatchObject(expected);
  });

  test("what cannot be known is skipped", async () => {
    const untold = { files: { "/proc/self/smaps": undefined } };
    expect(await wrongs(untold)).toEqual({});
    expect((await finding(untold, "page size")).status).toBe("skip");
    expect((await finding({ ...DOM0, commands: { xl: undefined } }, "grant table")).mend).toBe(
      "sudo xl info xen_commandline",
    );
  });
});

test("without Xen, checks that need it are skipped", async () => {
  const findings = await examine(readerOf({ files: { "/sys/hypervisor/type": undefined } }));
  const skipped = findings.filter(({ status }) => status === "skip").map(({ check }) => check);
  expect(skipped).toEqual(CHECKS.filter(({ needsXen }) => needsXen).map(({ name }) => name));
});

test("where nobody knows whether this is Xen, nothing says that there is none", async () => {
  const findings = await examine(
    readerOf({ files: { "/sys/hypervisor/type": { code: "EACCES", message: "Requires read access" } } }),
  );
  const skipped = findings.filter(({ status }) => status === "skip");
  expect(skipped.map(({ check }) => check)).toEqual(CHECKS.filter(({ needsXen }) => needsXen).map(({ name }) => name));
  expect(new Set(skipped.map(({ says }) => says))).toEqual(
    new Set(["not looked at, as nobody knows whether this is Xen"]),
  );
});

test("the command prints a line for each finding, and ends with 0 if none failed", async () => {
  const { code, stdout } = await gntalloc(["doctor", "--mock"]);
  expect(stdout).toContain("pass  xen               Xen 4.17.5\n");
  expect(stdout).toMatch(/\n12 passed, 0 warned, 0 failed, 1 skipped\n$/);
  expect(code).toBe(0);
});

test("the command ends with 1 if a check failed, and shows what mends it", async () => {
  // This process may not use FFI, whatever system it is.
  const { code, stdout, stderr } = await gntalloc(["doctor"]);
  expect(stdout).toMatch(/^fail {2}ffi .*\n {6}→ deno run --allow-ffi /m);
  expect(stderr).toBe("");
  expect(code).toBe(1);
});

test("--json prints the findings", async () => {
  const { code, stdout } = await gntalloc(["doctor", "--json"]);
  const { ok, findings } = JSON.parse(stdout);
  expect(ok).toBe(false);
  expect(findings.map(({ check }: { check: string }) => check)).toEqual(CHECKS.map(({ name }) => name));
  expect(code).toBe(1);
});

test.each([
  [
    "/home/a/project/node_modules/@gntalloc/cli/src/doctor/real_reader.js",
    "npm install --prefix /home/a/project koffi",
  ],
  ["/usr/lib/node_modules/@gntalloc/cli/src/doctor/real_reader.js", "npm install --global --prefix /usr koffi"],
  ["/opt/x/lib/node_modules/@gntalloc/cli/node_modules/a.js", "npm install --global --prefix /opt/x koffi"],
  ["/home/a/gntalloc/cli/src/doctor/real_reader.ts", "npm install koffi"],
  ["/opt/$(a) b's/lib/node_modules/c.js", "npm install --global --prefix '/opt/$(a) b'\\''s' koffi"],
])("for the program at %s, the command is %s", (module, command) => {
  expect(koffiCommand(module, (path) => path === "/home/a/project/package.json")).toBe(command);
});
