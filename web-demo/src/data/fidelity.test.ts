import { expect, test } from "vitest";
import { rowsOf, runOf } from "./fidelity";

const run = (first: number | bigint, rows: number | bigint) => ({ first, rows, level: "exact vectors", strategy: "reconstruct" });

test("a row is in the run that holds it", () => {
  const runs = [run(0, 3), run(3, 2), run(7, 1)];
  const found = [0, 2, 3, 4, 5, 6, 7, 8].map((row) => runs.findIndex((each) => each === runOf({ level: "partial", runs }, row)));
  expect(found).toEqual([0, 0, 1, 1, -1, -1, 2, -1]);
});

test("the end of a run is the first row behind it, however far that is", () => {
  expect(rowsOf(run(3, 2))).toBe("3..5");
  expect(rowsOf(run(9_007_199_254_740_993n, 1))).toMatch(/993\.\..*994$/);
});
