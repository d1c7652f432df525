/**
 * The module by which each page registers the service worker, which is in the folder above. It loads much: so it comes
 * after the page.
 */
export const REGISTRATION = `addEventListener("load", () => {
  navigator.serviceWorker?.register(new URL("../sw.js", import.meta.url)).catch(() => {});
});
`;

/**
 * Writes the service worker, by which the site works offline: it keeps the playground, and each other page once it was
 * read. A new version takes over when no page of the old one is open any more.
 *
 * @param version Changes with each file of the site: what an older version has kept is forgotten.
 * @param kept The paths that are kept from the beginning, from the root of the site.
 */
export function serviceWorker(version: string, kept: readonly string[]): string {
  return `const VERSION = ${JSON.stringify(version)};
// Other sites of the same origin have caches, too.
const OURS = "gntalloc " + registration.scope + " ";
const CACHE = OURS + VERSION;
const KEPT = ${JSON.stringify(kept)};

// A redirected answer is refused for a page.
const keep = async (request, response) => {
  if (!response.ok) throw new Error(response.url + ": " + response.status);
  const cache = await caches.open(CACHE);
  await cache.put(request, response.redirected ? new Response(response.body, { headers: response.headers }) : response);
};

addEventListener("install", (event) => {
  // The names of assets change with their content: no old one is in the cache of the browser.
  const load = (path) => fetch(path, { cache: path.startsWith("assets/") ? "default" : "reload" });
  event.waitUntil(Promise.all(KEPT.map(async (path) => keep(path, await load(path)))));
});

addEventListener("activate", (event) => {
  const begin = async () => {
    for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
    await clients.claim();
    // The page that is read already.
    const pages = await clients.matchAll({ type: "window" });
    await Promise.allSettled(pages.map(async ({ url }) => keep(url, await fetch(url))));
  };
  event.waitUntil(begin());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  const answer = async () => {
    const known = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
    if (known !== undefined) return known;
    const response = await fetch(request);
    // The answer is as good if it cannot be kept.
    if (response.ok) await keep(request, response.clone()).catch(() => {});
    return response;
  };
  event.respondWith(answer());
});
`;
}
