// "Show me the line": every line is run as it stands. Those in Rust are compiled, as an example of the library.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect, test } from "@playwright/test";
import { lines, type Shown } from "../src/data/lines.ts";
import { SAMPLE_FILES } from "./files.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const { FAISSIL: faissil, FAISSIL_PYTHON: python, FAISSIL_BLESS } = process.env;
const EXAMPLE = resolve(ROOT, "host-native/examples/lines.rs");
const VIEWS = ["overview", "structure", "integrity", "health", "vectors", "map", "attached", "compare"] as const;

const sample = SAMPLE_FILES.find(({ name }) => name.includes("ivf"));
if (!faissil || !python || !sample) throw new Error("FAISSIL and FAISSIL_PYTHON say where the command and a Python with FAISS are");

const PLAIN: Omit<Shown, "view"> = {
  name: "my index.faissil",
  url: undefined,
  kind: "sealed",
  expect: undefined,
  row: undefined,
  id: undefined,
  attachment: "notes.txt",
  other: "other.faissil",
  sample: {},
};

let folder: string;
/** What each view may show: as it is first, and with something chosen. */
let shown: readonly Shown[];

test.beforeAll(() => {
  const results = resolve(import.meta.dirname, "../test-results");
  mkdirSync(results, { recursive: true });
  // Here, so that JavaScript finds the package.
  folder = mkdtempSync(join(results, "lines-"));
  writeFileSync(join(folder, "other.faissil"), sample.bytes);
  writeFileSync(join(folder, "notes.txt"), "notes");
  run(faissil, "load", "other.faissil", "index.faiss");
  run(faissil, "save", "index.faiss", PLAIN.name, "--attach", "notes.txt=notes.txt");
  const digest = (JSON.parse(run(faissil, "inspect", "--json", PLAIN.name)) as { snapshot_digest: string }).snapshot_digest;
  const id = BigInt(run(faissil, "ids", PLAIN.name).split("\n")[5] ?? "");
  const chosen: Omit<Shown, "view"> = { ...PLAIN, kind: "packed", expect: digest, row: 5n, id, sample: { rows: 300, seed: 2 } };
  shown = VIEWS.flatMap((view) => [
    { ...PLAIN, view },
    { ...chosen, view },
    { ...chosen, view, id: undefined },
  ]);
});
test.afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program in the folder, with the command in its path; gives what it prints. */
function run(program: string, ...words: readonly string[]): string {
  rmSync(join(folder, "vectors.npy"), { force: true });
  const PATH = `${dirname(faissil ?? "")}${delimiter}${process.env.PATH ?? ""}`;
  return execFileSync(program, words, { cwd: folder, env: { ...process.env, PATH }, encoding: "utf8", maxBuffer: 1 << 28 });
}

/** The lines in a language, each once. */
const each = (tongue: "CLI" | "Rust" | "Python" | "JS"): string[] => [...new Set(shown.map((one) => lines(one)[tongue]))];

test("lines of a shell", () => {
  for (const line of each("CLI")) {
    if (line.includes("--extract")) rmSync(join(folder, "notes.txt"), { force: true });
    run("sh", "-ec", line);
  }
});

test("lines of Python", () => {
  for (const line of each("Python")) {
    if (line.includes("--extract")) rmSync(join(folder, "notes.txt"), { force: true });
    expect(run(python, "-c", line)).not.toContain("Traceback");
  }
});

test("lines of JavaScript", () => {
  for (const line of each("JS")) {
    writeFileSync(join(folder, "line.mjs"), `const file = ${JSON.stringify(join(folder, PLAIN.name))}\nconst otherFile = file\n${line}\nindex.close()\n`);
    run("node", "line.mjs");
  }
});

test("lines of Rust are the example that is compiled with the library", () => {
  const indented = (text: string): string => text.replace(/^(?=.)/gm, "    ");
  // What a run chooses is the same in each run here.
  const named = shown.map((one) => lines({ ...one, expect: undefined, id: one.id === undefined ? undefined : -7n }).Rust);
  const functions = [...new Set(named)].map((line, at) => `fn line_${at}() -> Result<(), Box<dyn std::error::Error>> {\n${indented(line)}\n    Ok(())\n}\n`);
  const calls = functions.map((_, at) => `    line_${at}()?;\n`).join("");
  const text = `//! The lines that the viewer shows, as it shows them (\`web-demo/src/data/lines.ts\`); a test of the viewer writes this.
#![allow(unused_variables, clippy::all)]
#![cfg_attr(rustfmt, rustfmt_skip)]

fn main() -> Result<(), Box<dyn std::error::Error>> {
${calls}    Ok(())
}

${functions.join("\n")}`;
  if (FAISSIL_BLESS) writeFileSync(EXAMPLE, text);
  expect(readFileSync(EXAMPLE, "utf8")).toBe(text);
});
