import { expect, test } from "vitest";
import { chunkAt, gridOf } from "./cells";

test("few chunks share one row", () => {
  const grid = gridOf(5, 1000, 200);
  expect(grid).toMatchObject({ columns: 5, rows: 1, each: 1 });
  expect(chunkAt(grid, 5, 999, 10)).toBe(4);
});

test.each([100, 1024, 10_240, 1_000_000])("%i chunks fit their box", (chunks) => {
  const grid = gridOf(chunks, 1000, 220);
  expect(grid.columns * grid.pitch.x).toBeLessThanOrEqual(1000);
  expect(grid.rows * grid.pitch.y).toBeLessThanOrEqual(220);
  expect(grid.columns * grid.rows * grid.each).toBeGreaterThanOrEqual(chunks);
});

test("there is no chunk behind the last", () => {
  const grid = gridOf(100, 1000, 220);
  expect(chunkAt(grid, 100, 1, 219)).toBeUndefined();
  expect(chunkAt(grid, 100, 1, 1)).toBe(0);
});
