// Keeps the page itself, so that it works without a network after the first visit. Index files are never kept: what is
// not part of the page passes through untouched.
const NAME = "faissil-" + "@VERSION@";
const FILES = ["@FILES@"].flat();
const KEPT = new Set(FILES.map((file) => new URL(file, self.registration.scope).href));

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
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
  event.respondWith(caches.open(NAME).then(async (cache) => (await cache.match(address)) ?? fetch(event.request)));
});
