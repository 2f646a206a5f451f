// The service worker, written when the names of the built files are known.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

/** Emits `sw.js`: the worker in `offline.js` with the list of what it keeps, under a name that changes with it. */
export function offlinePlugin(): Plugin {
  return {
    name: "offline",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const kept = Object.values(bundle).filter(({ fileName }) => !/^(samples\/|index\.html$)|\.map$/.test(fileName));
        const hash = createHash("sha256");
        for (const file of Object.values(bundle)) {
          hash.update(file.fileName).update(file.type === "chunk" ? file.code : file.source);
        }
        const files = ["./", "./icon.svg", ...kept.map(({ fileName }) => `./${fileName}`)];
        const code = readFileSync(resolve(import.meta.dirname, "offline.js"), "utf8")
          .replace('"@VERSION@"', JSON.stringify(hash.digest("hex").slice(0, 12)))
          .replace('"@FILES@"', JSON.stringify(files));
        this.emitFile({ type: "asset", fileName: "sw.js", source: code });
      },
    },
  };
}
