// How much a first visit loads before WebAssembly: HTML, styles and scripts, gzipped. Fails above what is promised.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 60 * 1024;
const dist = new URL("../dist/", import.meta.url).pathname;
const assets = readdirSync(join(dist, "assets"));
const text = (path) => readFileSync(join(dist, path), "utf8");
const packed = (path) => gzipSync(readFileSync(join(dist, path)), { level: 9 }).length;

/** What the page asks for at once: what `index.html` names, what that imports, and the worker with all it may import. */
const first = new Set(["index.html"]);
const follow = (path, isWorker) => {
  first.add(path);
  const found = isWorker ? text(path).matchAll(/["'`](?:\.\/|assets\/)?([\w.-]+\.js)["'`]/g) : text(path).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g);
  for (const [, name] of found) if (assets.includes(name) && !first.has(`assets/${name}`)) follow(`assets/${name}`, isWorker);
};
for (const [, name] of text("index.html").matchAll(/assets\/([\w.-]+\.(?:js|css))/g)) follow(`assets/${name}`, false);
for (const name of assets.filter((each) => /^worker-.*\.js$/.test(each))) follow(`assets/${name}`, true);

const line = (bytes, what) => console.log(`${String(bytes).padStart(8)}  ${what}`);
const total = [...first].reduce((sum, path) => sum + packed(path), 0);
const later = assets.filter((name) => /\.(js|css)$/.test(name) && !first.has(`assets/${name}`));
for (const path of first) line(packed(path), basename(path));
line(total, `in all at a first visit, gzipped (at most ${LIMIT})`);
line(later.reduce((sum, name) => sum + packed(`assets/${name}`), 0), "views that are loaded when they are shown");
for (const name of assets.filter((each) => each.endsWith(".wasm"))) {
  line(packed(`assets/${name}`), `${name}, ${name.startsWith("faissil-") ? "with the first file" : "when it is needed"}`);
}
if (total > LIMIT) process.exit(1);
