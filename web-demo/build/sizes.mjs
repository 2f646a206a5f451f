// How much a first visit loads before WebAssembly: HTML, styles and scripts, gzipped. Fails above what is promised.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 60 * 1024;
const dist = new URL("../dist/", import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(html|css|js)$/.test(entry.name) && entry.name !== "sw.js")
  .map((entry) => join(entry.parentPath, entry.name));
const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
const rows = files.map((path) => [path.slice(dist.length), packed(path)]).sort((a, b) => b[1] - a[1]);
const total = rows.reduce((sum, [, bytes]) => sum + bytes, 0);
for (const [name, bytes] of rows) console.log(`${String(bytes).padStart(8)}  ${name}`);
console.log(`${String(total).padStart(8)}  HTML, CSS and JS of every view, gzipped (at most ${LIMIT})`);
for (const entry of readdirSync(dist, { recursive: true })) {
  if (String(entry).endsWith(".wasm")) console.log(`${String(packed(join(dist, String(entry)))).padStart(8)}  ${entry}`);
}
if (total > LIMIT) process.exit(1);
