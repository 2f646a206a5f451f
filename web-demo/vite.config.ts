import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";
import solid from "vite-plugin-solid";
import { offlinePlugin } from "./build/offline.ts";
import { samplesPlugin } from "./build/samples.ts";

/** The development server puts styles inline, which the policy of the page refuses. */
const looserInDevelopment: Plugin = {
  name: "looser-in-development",
  apply: "serve",
  transformIndexHtml: (html) => html.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
};

export default defineConfig({
  base: "./",
  plugins: [solid(), samplesPlugin(), offlinePlugin(), looserInDevelopment],
  resolve: process.env.FAISSIL_PACKAGE ? { alias: { faissil: process.env.FAISSIL_PACKAGE } } : {},
  worker: { format: "es" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // No bytes in `data:` addresses: the policy of the page allows none but images.
    assetsInlineLimit: 0,
  },
  server: { fs: { strict: false } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
