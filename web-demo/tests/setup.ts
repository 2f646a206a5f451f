import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** The tests look at what is built, not at what a development server makes. */
export default function setup(): void {
  if (!existsSync(resolve(import.meta.dirname, "../dist/index.html"))) throw new Error("dist/ is not there: run `npm run build` first");
}
