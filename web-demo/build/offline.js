// Keeps the page itself, so that it works without a network after the first visit. Index files are never kept: what is
// not part of the page passes through untouched.
const NAME = "faissil-" + "@VERSION@";
/** What the page needs at once. */
const FIRST = ["@FIRST@"].flat();
/** What some views need: kept when one of them asks for it, or when the page has nothing else to do. */
const LATER = ["@LATER@"].flat();
const KEPT = new Set([...FIRST, ...LATER].map((file) => new URL(file, self.registration.scope).href));

const keep = (cache, files) => cache.addAll(files.map((file) => new Request(file, { cache: "reload" })));

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => keep(cache, FIRST))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("message", (event) => {
  if (event.data !== "rest") return;
  const missing = async (cache) => {
    const kept = new Set((await cache.keys()).map(({ url }) => url));
    return LATER.filter((file) => !kept.has(new URL(file, self.registration.scope).href));
  };
  event.waitUntil(caches.open(NAME).then(async (cache) => keep(cache, await missing(cache))));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("faissil-") && name !== NAME;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  url.search = "";
  url.hash = "";
  const address = url.href.replace(/\/index\.html$/, "/");
  if (event.request.method !== "GET" || event.request.headers.has("range") || !KEPT.has(address)) return;
  event.respondWith(
    caches.open(NAME).then(async (cache) => {
      const kept = await cache.match(address);
      if (kept) return kept;
      const response = await fetch(event.request);
      if (response.ok) await cache.put(address, response.clone());
      return response;
    }),
  );
});
