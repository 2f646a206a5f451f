// The package itself in Chromium, over every file there is: what it says of each is what the native command says.
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test, type Page } from "@playwright/test";
import type { IndexFile } from "faissil";
import { corpus, plain, sideOf } from "../../host-wasm/npm/test/corpus.mjs";
import { run } from "./native.ts";
import { serveFiles, type Running } from "./servers.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PACKAGE = join(ROOT, "host-wasm/npm/dist");
/** Files that cross to the page and back at once. */
const BATCH = 24;

let files: readonly string[];
let folder: string;
/** The side files of those that have one. */
let sides: ReadonlyMap<string, string | undefined>;
let site: Running;
test.beforeAll(async () => {
  ({ folder, files } = corpus());
  sides = new Map(files.map((path) => [path, sideOf(path)]));
  const known = new Set([...sides.keys(), ...sides.values()]);
  site = await serveFiles((path) => {
    if (path === "/") return resolve(import.meta.dirname, "blank.html");
    if (path.startsWith("/package/")) return join(PACKAGE, path.slice("/package/".length));
    const file = path.slice("/file".length);
    return known.has(file) ? file : undefined;
  });
});
test.afterAll(() => {
  site.close();
  rmSync(folder, { recursive: true });
});

type Verb = "inspect" | "verify" | "health";

/** What the package says of some files in the page, each in the shape of the command's line. */
const said = (page: Page, verb: Verb, batch: readonly { path: string; side: string | undefined }[]): Promise<readonly string[]> =>
  page.evaluate(
    async ({ verb, batch }) => {
      const { open } = (await import(new URL("/package/index.js", location.href).href)) as { open: (input: File, options: object) => Promise<IndexFile> };
      const read = async (path: string): Promise<File> => new File([await (await fetch(`/file${path}`)).blob()], path);
      const one = async (path: string, side: string | undefined): Promise<unknown> => {
        try {
          const index = await open(await read(path), side === undefined ? {} : { side: await read(side) });
          try {
            return await index[verb]();
          } finally {
            index.close();
          }
        } catch (error) {
          if (!(error instanceof Error) || error.name !== "FaissilError") throw error;
          return { file: path, error: `cannot read \`${path}\`: ${error.message}` };
        }
      };
      const words: string[] = [];
      for (const { path, side } of batch) {
        const report = await one(path, side);
        words.push(JSON.stringify(report, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)));
      }
      return words;
    },
    { verb, batch },
  );

/** Integers as text, whichever kind they are: the native line is read with exact integers, the page's bigints end in `n`. */
const exact = (line: string): unknown => plain(JSON.parse(line.replace(/(?<=[[:,])(-?\d{16,})(?=[,\]}])/g, '"$1"')));
const fromPage = (line: string): unknown => plain(JSON.parse(line.replace(/"(-?\d+)n"/g, '"$1"')));

for (const verb of ["inspect", "verify", "health"] as const) {
  test(`${verb} in a page says what the command says, of every file`, async ({ page }) => {
    test.setTimeout(900_000);
    const native = run(ROOT, verb, "--json", ...files).trimEnd().split("\n");
    expect(native).toHaveLength(files.length);
    await page.goto(`${site.origin}/`);
    for (let first = 0; first < files.length; first += BATCH) {
      const batch = files.slice(first, first + BATCH).map((path) => ({ path, side: sides.get(path) }));
      const found = await said(page, verb, batch);
      for (const [at, words] of found.entries()) expect(fromPage(words), batch[at]?.path).toEqual(exact(native[first + at] ?? ""));
    }
  });
}
