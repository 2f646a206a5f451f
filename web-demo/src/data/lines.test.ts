import { expect, test } from "vitest";
import { lines, word } from "./lines";

const shown = { name: "my index.faissil", url: undefined, kind: "sealed", expect: undefined, row: 3n, id: undefined, attachment: undefined, other: undefined, sample: {} } as const;

test("names that a shell would take apart are quoted", () => {
  expect(word("debian.faissil")).toBe("debian.faissil");
  expect(word("my index.faissil")).toBe("'my index.faissil'");
  expect(word("it's")).toBe(`'it'\\''s'`);
  expect(word("-rf")).toBe("'-rf'");
});

test("each view has a line in each language, with what is chosen in it", () => {
  for (const view of ["overview", "structure", "integrity", "health", "vectors", "map", "attached", "compare"] as const) {
    for (const line of Object.values(lines({ ...shown, view }))) expect(line).not.toBe("");
  }
  expect(lines({ ...shown, view: "vectors" }).CLI).toBe("faissil vectors 'my index.faissil' --rows 3..4 -o vectors.npy");
  expect(lines({ ...shown, view: "vectors", id: -7n }).CLI).toContain("--id -7");
  expect(lines({ ...shown, view: "integrity", expect: "ab" }).CLI).toBe("faissil verify 'my index.faissil' --expect ab");
  expect(lines({ ...shown, view: "health", sample: { all: true, seed: 5 } }).CLI).toBe("faissil health 'my index.faissil' --all --seed 5");
  expect(lines({ ...shown, view: "map", sample: { rows: 300, seed: 2 } }).JS).toContain("await index.map({ rows: 300, seed: 2 });");
  expect(lines({ ...shown, view: "map", sample: { rows: 300 } }).Rust).toContain("Options::asked(Some(300), None, None, false)");
  expect(lines({ ...shown, view: "integrity", url: "https://a.org/i" }).JS).toContain('open(new URL("https://a.org/i"))');
});
