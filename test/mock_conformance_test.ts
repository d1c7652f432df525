import { describe, test } from "vitest";
import { type MockProfile, MockXen } from "../backends/mock.ts";
import { conformance } from "./conformance.ts";

for (const profile of ["seed", "linux"] satisfies MockProfile[]) {
  describe(`the mock, profile ${profile}`, () => {
    conformance({
      test,
      open() {
        const xen = new MockXen({ profile });
        const domain = xen.domain(1);
        return {
          grantBackend: domain.grantBackend(),
          granter: 1,
          mapBackend: xen.domain(0).mapBackend(),
          peer: 0,
          setLimit: (pages) => domain.limit = pages,
          heldPagesCount: profile === "seed",
          close: () => xen.assertClean(),
        };
      },
    });
  });
}
