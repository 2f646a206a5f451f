// "Show me the line": what gives the same elsewhere. Each view has its four lines.
import type { View } from "../state/route";
import { literal, rust, words, type SampleOf } from "./sample";

export type Tongue = "CLI" | "Rust" | "Python" | "JS";
export const TONGUES: readonly Tongue[] = ["CLI", "Rust", "Python", "JS"];

/** What a line needs to know of what is shown. */
export interface Shown {
  view: View;
  /** File name, as one would type it. */
  name: string;
  /** Address, of a remote file. */
  url: string | undefined;
  kind: "faiss" | "sealed" | "packed";
  expect: string | undefined;
  /** The chosen row and its id. */
  row: bigint | undefined;
  id: bigint | undefined;
  attachment: string | undefined;
  other: string | undefined;
  /** How much of the index health or map looks at. */
  sample: SampleOf;
}

/** A word for a shell, in quotes where it needs them. */
export function word(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/** The lines of a view. */
export function lines(shown: Shown): Readonly<Record<Tongue, string>> {
  const file = word(shown.name);
  const text = JSON.stringify(shown.name);
  const opened = shown.url === undefined ? "await open(file)" : `await open(new URL(${JSON.stringify(shown.url)}))`;
  const js = (rest: string): string => `import { open } from "faissil";\nconst index = ${opened};\n${rest}`;
  const command = (line: string): string =>
    `import json, subprocess\nout = subprocess.run(${line}, capture_output=True).stdout\nprint(json.loads(out))`;
  const list = (...words: readonly string[]): string => `[${["faissil", ...words].map((each) => JSON.stringify(each)).join(", ")}]`;
  const expect = shown.expect;
  switch (shown.view) {
    case "overview":
      return {
        CLI: `faissil inspect ${file}`,
        Rust: `let page = faissil::inspect::inspect(${text}.as_ref())?;`,
        Python: shown.kind === "packed" ? command(list("inspect", "--json", shown.name)) : `import faiss\nindex = faiss.read_index(${text})\nprint(type(index).__name__, index.ntotal, index.d)`,
        JS: js("const facts = await index.inspect();"),
      };
    case "structure":
      return {
        CLI: `faissil dump ${file}`,
        Rust: `let opened = faissil::opened::Opened::open(${text}.as_ref())?;\nlet index = faissil::inspect::Index::of(&opened)?;\nfor part in index.outline.leaves() { println!("{} {}", part.span, part.path) }`,
        Python: command(list("dump", "--json", shown.name)),
        JS: js("const { parts } = await index.parts();"),
      };
    case "integrity":
      return {
        CLI: expect === undefined ? `faissil verify ${file}` : `faissil verify ${file} --expect ${expect}`,
        Rust: `let opened = faissil::opened::Opened::open(${text}.as_ref())?;\nlet sealed = opened.snapshot.as_ref().ok_or("no digests")?;\nlet report = faissil::verify::verify(&opened.file, sealed, ".".as_ref(), &|_, _| {})?;`,
        Python: command(list("verify", "--json", shown.name, ...(expect === undefined ? [] : ["--expect", expect]))),
        JS: js(`const report = await index.verify(${expect === undefined ? "" : `{ expect: "${expect}" }`});`),
      };
    case "health":
    case "map": {
      const asked = words(shown.sample);
      const last = shown.view === "health" ? "examine" : "map_opened";
      return {
        CLI: ["faissil", shown.view, file, ...asked].join(" "),
        Rust: `let opened = faissil::opened::Opened::open(${text}.as_ref())?;\nlet options = faissil::core::health::${rust(shown.sample)};\nlet found = faissil::health::${last}(&opened, &options, &|_, _| {})?;`,
        Python: command(list(shown.view, "--json", shown.name, ...asked)),
        JS: js(`const ${shown.view} = await index.${shown.view}(${literal(shown.sample)});`),
      };
    }
    case "vectors": {
      const { row, id } = shown;
      const which = id === undefined ? (row === undefined ? [] : ["--rows", `${row}..${row + 1n}`]) : ["--id", id.toString()];
      return {
        CLI: `faissil ${["vectors", file, ...which, "-o", "vectors.npy"].join(" ")}`,
        Rust: [
          id === undefined ? "use faissil::core::look_up::{Which, vectors};" : "use faissil::core::{ids::ExternalId, look_up::{Which, vectors}};",
          `let opened = faissil::opened::Opened::open(${text}.as_ref())?;`,
          "let index = &faissil::inspect::Index::of(&opened)?;",
          `let which = ${id === undefined ? `Which::Range(${row ?? 0n}..${(row ?? 0n) + 1n})` : `Which::Ids(vec![ExternalId(${id})])`};`,
          "let found = index.ask(&|_, _| {}, |access| async move { vectors(&access, index, which).await })?;",
        ].join("\n"),
        Python: `import numpy, subprocess\nsubprocess.run(${list("vectors", shown.name, ...which, "-o", "vectors.npy")}, check=True)\nvectors = numpy.load("vectors.npy")`,
        JS: js(`const { values } = await index.vectors(${id === undefined ? `{ first: ${(row ?? 0n).toString()}, count: 1 }` : `{ ids: [${id}n] }`});`),
      };
    }
    case "attached": {
      const name = shown.attachment ?? "NAME";
      return {
        CLI: `faissil attachments ${file} --extract ${word(name)}`,
        Rust: `let opened = faissil::opened::Opened::open(${text}.as_ref())?;\nlet attached = faissil::load::attachments(&opened.file, faissil::load::snapshot_of(&opened)?)?;`,
        Python: `import subprocess\nsubprocess.run(${list("attachments", shown.name, "--extract", name)}, check=True)`,
        JS: js(`const bytes = await index.attachment(${JSON.stringify(name)});`),
      };
    }
    case "compare": {
      const other = shown.other ?? "OTHER.faissil";
      return {
        CLI: `faissil diff ${file} ${word(other)}`,
        Rust: `let a = faissil::inspect::inspect(${text}.as_ref())?;\nlet b = faissil::inspect::inspect(${JSON.stringify(other)}.as_ref())?;`,
        Python: command(list("diff", "--json", shown.name, other)),
        JS: js("const other = await open(otherFile);\nconst [a, b] = await Promise.all([index.inspect(), other.inspect()]);"),
      };
    }
  }
}
