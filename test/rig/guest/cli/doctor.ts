/** `gntalloc doctor` where all is well. */

import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import { checksThat, type Finding, findingOf, findingsIn } from "./findings.ts";
import { dom0, type Place, run } from "./place.ts";
import type { Make } from "./programs.ts";

const ALL = [
  ...["xen", "domain", "page size", "runtime", "ffi"],
  ...["/dev/xen/gntalloc", "/dev/xen/gntdev", "/dev/xen/evtchn", "/dev/xen/xenbus"],
  ...["pages to share", "pages to map", "grant table", "XenStore"],
];

export function declare({ test }: Suite, pv: Place, pvh: Place): void {
  const says = (findings: readonly Finding[], check: string) => findingOf(findings, check).says;

  /** Runs it, and checks what is the same everywhere. */
  const examine = async (place: Place, make: Make) => {
    const findings = findingsIn(await run(place, make, "doctor", "--json"));
    assertEquals(checksThat("fail", findings), []);
    assertEquals(checksThat("warn", findings), []);
    const runtime = make === "Node" ? "Node " : "Deno ";
    assert(says(findings, "runtime").startsWith(runtime), says(findings, "runtime"));
    assert(/^Xen 4\.\d+/.test(says(findings, "xen")), says(findings, "xen"));
    assert(/^Linux \d.*, pages of 4096 bytes$/.test(says(findings, "page size")), says(findings, "page size"));
    assert(says(findings, "pages to share").startsWith("1024 "), says(findings, "pages to share"));
    assertEquals(says(findings, "XenStore"), `it answers: this is domain ${place.domid}`);
    return findings;
  };

  test("doctor in dom0: all passes, and it knows the tables", async () => {
    const findings = await examine(dom0, "Deno with -A");
    assertEquals(checksThat("pass", findings), ALL);
    assertEquals(says(findings, "domain"), "domain 0 (dom0), PV");
    assert(
      /^at most 32768 references in 64 frames/.test(says(findings, "grant table")),
      says(findings, "grant table"),
    );
  });

  test("doctor in a PV domU: all passes, but only dom0 knows the tables", async () => {
    for (const make of ["Deno with -A", "Node"] as const) {
      const findings = await examine(pv, make);
      assertEquals(checksThat("skip", findings), ["grant table"]);
      assertEquals(says(findings, "domain"), `domain ${pv.domid} (domU), PV`);
    }
  });

  test("doctor in a PVH domU: it warns of mapping own grants", async () => {
    const findings = await examine(pvh, "Node");
    assertEquals(checksThat("skip", findings), ["grant table"]);
    const domain = says(findings, "domain");
    assert(domain.startsWith(`domain ${pvh.domid} (domU), PVH: it must not map its own grants`), domain);
  });
}
