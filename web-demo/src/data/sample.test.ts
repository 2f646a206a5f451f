import { expect, test } from "vitest";
import { literal, rust, typedNumber, words } from "./sample";

test("a sample is said in the words of the command, of JavaScript and of Rust", () => {
  const sample = { rows: 300, runs: 10, seed: 2 };
  expect(words(sample)).toEqual(["--rows", "300", "--runs", "10", "--seed", "2"]);
  expect(literal(sample)).toBe("{ rows: 300, runs: 10, seed: 2 }");
  expect(rust(sample)).toBe("Options::asked(Some(300), Some(10), Some(2), false)");
  expect([words({}), literal({}), rust({})]).toEqual([[], "", "Options::asked(None, None, None, false)"]);
});

test("everything leaves no room for a number of rows", () => {
  expect(words({ all: true })).toEqual(["--all"]);
  expect(literal({ all: true })).toBe("{ all: true }");
});

test("what is typed is a whole number above 0, or nothing", () => {
  expect([typedNumber("4 096"), typedNumber(" 7 "), typedNumber(""), typedNumber("-3"), typedNumber("1.5"), typedNumber("many")]).toEqual([
    4096,
    7,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
