// The files that the tests open, and what the native command says of them (`write-native.mjs` writes that).
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { samples } from "../build/samples.ts";
import type { Inspection, Verification } from "../src/data/json.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** One of each kind of thing that can be opened. */
const FIXTURES = JSON.parse(readFileSync(resolve(import.meta.dirname, "fixtures.json"), "utf8")) as readonly string[];

export interface TestFile {
  name: string;
  bytes: Buffer;
  inspect: Inspection;
  verify: Verification;
}

/** The words of the native command, by file name. */
const native = JSON.parse(readFileSync(resolve(import.meta.dirname, "native.json"), "utf8")) as Record<string, Pick<TestFile, "inspect" | "verify">>;

export const SAMPLE_FILES: readonly TestFile[] = [...samples()].map(([name, bytes]) => file(name, bytes));
export const FIXTURE_FILES: readonly TestFile[] = FIXTURES.map((path) => file(basename(path), readFileSync(resolve(ROOT, path))));

function file(name: string, bytes: Buffer): TestFile {
  const said = native[name];
  if (!said) throw new Error(`native.json does not speak of ${name}: run write-native.mjs`);
  return { name, bytes, ...said };
}
