// The three files that come with the page, put together from what is in the repository: a snapshot as it is, an index
// and the seal that belongs behind it, and the same with one byte gone bad.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

const ROOT = resolve(import.meta.dirname, "../..");
/** The byte that goes bad: inside the stored vectors, so that ids are lost. */
const BAD_BYTE = 2_000_000;

/** Each sample's file name and bytes. */
export function samples(): ReadonlyMap<string, Buffer> {
  const read = (path: string): Buffer => readFileSync(resolve(ROOT, path));
  const hnsw = Buffer.concat([read("samples/debian-packages.faiss"), read("web-demo/samples/packages-hnsw.seal")]);
  const damaged = Buffer.from(hnsw);
  damaged.writeUInt8("X".charCodeAt(0), BAD_BYTE);
  return new Map([
    ["packages-ivf.faissil", read("web-demo/samples/packages-ivf.faissil")],
    ["packages-hnsw.faissil", hnsw],
    ["packages-damaged.faissil", damaged],
  ]);
}

/** Puts the samples beside the built page, serves them in development, and tells the page how long they are. */
export function samplesPlugin(): Plugin {
  const files = samples();
  const lengths = "virtual:sample-lengths";
  return {
    name: "samples",
    resolveId: (id) => (id === lengths ? `\0${lengths}` : undefined),
    load: (id) =>
      id === `\0${lengths}`
        ? `export default ${JSON.stringify(Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.length])))}`
        : undefined,
    generateBundle() {
      for (const [name, bytes] of files) this.emitFile({ type: "asset", fileName: `samples/${name}`, source: bytes });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const bytes = files.get(/^\/samples\/([\w.-]+)$/.exec(request.url ?? "")?.[1] ?? "");
        if (!bytes) {
          next();
          return;
        }
        const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
        const from = Number(range?.[1] ?? 0);
        const to = range?.[2] ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length;
        response.statusCode = range ? 206 : 200;
        response.setHeader("accept-ranges", "bytes");
        response.setHeader("content-length", to - from);
        if (range) response.setHeader("content-range", `bytes ${from}-${to - 1}/${bytes.length}`);
        response.end(request.method === "HEAD" ? undefined : bytes.subarray(from, to));
      });
    },
  };
}
