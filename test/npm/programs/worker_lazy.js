/** A worker that imports the package during a request, when workerd compiles no WebAssembly. */

import core from "@gntalloc/gntalloc/core.wasm";

export default {
  async fetch() {
    const { GrantDevice } = await import("@gntalloc/gntalloc");
    const { MockXen } = await import("@gntalloc/gntalloc/mock");
    const share = (options) => {
      try {
        const device = new GrantDevice(new MockXen().domain(1), options);
        return `shared ${device.open().allocate(0, { pages: 2 }).grefs.length} pages`;
      } catch (error) {
        return error.message;
      }
    };
    return Response.json({ embedded: share(), passed: share({ core }) });
  },
};
