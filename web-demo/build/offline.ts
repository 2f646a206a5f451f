// The service worker, written when the names of the built files are known.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

/** Modules that only some views need: a first visit does not wait for them. */
const LATER = ["contents", "health", "packed"];

/** Emits `sw.js`: the worker in `offline.js` with the lists of what it keeps, under a name that changes with them. */
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
        const later = LATER.flatMap((name) => files.find((file) => file.startsWith(`./assets/${name}-`) && file.endsWith(".wasm")) ?? []);
        if (later.length !== LATER.length) this.error(`of the modules that come later (${LATER.join(", ")}) there are ${later.join(", ")}`);
        const code = readFileSync(resolve(import.meta.dirname, "offline.js"), "utf8")
          .replace('"@VERSION@"', JSON.stringify(hash.digest("hex").slice(0, 12)))
          .replace('"@FIRST@"', JSON.stringify(files.filter((file) => !later.includes(file))))
          .replace('"@LATER@"', JSON.stringify(later));
        this.emitFile({ type: "asset", fileName: "sw.js", source: code });
      },
    },
  };
}
