/**
 * Writes the service worker, by which the site works offline: it keeps the playground, and each other page once it was
 * read.
 *
 * @param version Changes with each file of the site: what an older version has kept is forgotten.
 * @param kept The paths that are kept from the beginning, from the root of the site.
 */
export function serviceWorker(version: string, kept: readonly string[]): string {
  return `const CACHE = ${JSON.stringify(`gntalloc-${version}`)};
const KEPT = ${JSON.stringify(kept)};

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT)));
});

addEventListener("activate", (event) => {
  const forget = async () => {
    for (const name of await caches.keys()) if (name.startsWith("gntalloc-") && name !== CACHE) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(forget());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const known = await cache.match(request, { ignoreSearch: true });
    if (known !== undefined) return known;
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  };
  event.respondWith(answer());
});
`;
}
