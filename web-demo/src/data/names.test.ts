import { expect, test } from "vitest";
import { namesIn } from "./names";

test.each([
  ["a.json", '[{"id": 7, "name": "cargo", "summary": "Rust package manager"}]', "cargo: Rust package manager"],
  ["a.json", '{"7": "cargo"}', "cargo"],
  ["a.jsonl", '{"id":7,"title":"cargo"}\n{"id":8,"title":"delay"}\n', "cargo"],
  ["a.csv", 'id,name\n7,"cargo"\n8,delay\n', "cargo"],
  ["a.csv", 'id,name\r\n\r\n7,"Smith, ""Bob""\nand sons"\r\n8,5" disk\r\n', 'Smith, "Bob"\nand sons'],
  ["a.csv", 'id,name\n8,"not closed\n7,cargo', "cargo"],
  ["a.tsv", "text\tid\ncargo\t7\n", "cargo"],
])("%s: %s", (name, text, expected) => {
  expect(namesIn(name, text)?.get(7n)).toBe(expected);
});

test("ids that a double does not hold stay exact", () => {
  const names = namesIn("a.json", '[{"id": 9223372036854775807, "name": "last"}]');
  expect(names?.get(9223372036854775807n)).toBe("last");
});

test("what is no table of ids is none", () => {
  expect(namesIn("a.json", '{"model": "MiniLM", "tokens": 32}')).toBeUndefined();
  expect(namesIn("a.txt", "7 cargo")).toBeUndefined();
});
