/**
 * The module by which each page registers the service worker, which is in the folder above. It loads much: so it comes
 * after the page. The message says that there is time for the rest.
 */
export const REGISTRATION = `addEventListener("load", async () => {
  const workers = navigator.serviceWorker;
  if (workers === undefined) return;
  await workers.register(new URL("../sw.js", import.meta.url)).catch(() => {});
  (await workers.ready).active.postMessage("rest");
});
`;

/**
 * Writes the service worker, by which the site works offline: it keeps the playground, then the guides, and each other
 * page once it was read. A new version takes over when no page of the old one is open any more.
 *
 * @param version Changes with each file of the site: what an older version has kept is forgotten.
 * @param first The paths without which it is not installed, from the root of the site.
 * @param rest The paths that are kept when a page is open, and nobody waits for them.
 */
export function serviceWorker(version: string, first: readonly string[], rest: readonly string[]): string {
  return `const VERSION = ${JSON.stringify(version)};
// Other sites of the same origin have caches, too.
const OURS = "gntalloc " + registration.scope + " ";
const CACHE = OURS + VERSION;
const FIRST = ${JSON.stringify(first)};
const REST = ${JSON.stringify(rest)};

// The names of assets change with their content. Of all else the browser may have an old copy: the server is asked.
const load = (request) =>
  fetch(request, { cache: request.url.startsWith(registration.scope + "assets/") ? "default" : "no-cache" });

// A folder and its index are one page. Some hosts redirect from one to the other.
const keyOf = (request) => request.url.replace(/[?#].*/, "").replace(/\\/index\\.html$/, "/");

const known = async (request) => (await caches.open(CACHE)).match(keyOf(request));

const keep = async (request, response) => {
  if (!response.ok) throw new Error(response.url + ": " + response.status);
  const cache = await caches.open(CACHE);
  // A redirected answer is refused for a page.
  const answer = response.redirected ? new Response(response.body, { headers: response.headers }) : response;
  await cache.put(keyOf(request), answer);
};

const keepPath = async (path) => {
  const request = new Request(path);
  await keep(request, await load(request));
};

addEventListener("install", (event) => event.waitUntil(Promise.all(FIRST.map(keepPath))));

// Pages wait until this has ended: it loads nothing.
addEventListener("activate", (event) => {
  const begin = async () => {
    for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(begin());
});

addEventListener("message", (event) => {
  const keepRest = async () => {
    // One after another, so that what the reader asks for comes first. What fails is tried again by the next page.
    for (const path of [event.source.url, ...REST]) {
      if (await known(new Request(path)) === undefined) await keepPath(path).catch(() => {});
    }
  };
  event.waitUntil(keepRest());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  const answer = async () => {
    const kept = await known(request);
    if (kept !== undefined) return kept;
    const response = await load(request);
    // The answer is as good if it cannot be kept, and does not wait for that.
    if (response.ok) event.waitUntil(keep(request, response.clone()).catch(() => {}));
    return response;
  };
  event.respondWith(answer());
});
`;
}
