// Loads every part of the package from CommonJS.
const assert = require("node:assert/strict");
const { GrantDevice, GrantMapper } = require("@gntalloc/gntalloc");
const { MockXen } = require("@gntalloc/gntalloc/mock");

const subpaths = Object.keys(require("@gntalloc/gntalloc/package.json").exports).filter((path) =>
  /^\.(\/\w+)?$/.test(path)
);
for (const path of subpaths) assert(Object.keys(require(`@gntalloc/gntalloc${path.slice(1)}`)).length > 0, path);

const xen = new MockXen();
const device = new GrantDevice(xen.domain(1));
const pages = device.open().allocate(0);
const ours = pages.map();
ours.bytes[0] = 7;
const theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs);
assert.deepEqual([...theirs.read(0, 1)], [7]);
console.log(JSON.stringify({ passed: subpaths.length + 1, failed: [] }));
