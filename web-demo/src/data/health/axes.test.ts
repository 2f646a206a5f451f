import { expect, test } from "vitest";
import { factors, linear, powers, slots } from "./axes";

test("a linear axis ends at a round number at or above the greatest", () => {
  for (const [most, last] of [
    [16, "20"],
    [108, "150"],
    [1, "1"],
    [2000, "2\u202f000"],
    [41_000, "60\u00a0k"],
  ] as const) {
    const axis = linear(most);
    expect(axis.ticks.at(-1)).toEqual({ at: 1, text: last });
    expect(axis.place(most)).toBeLessThanOrEqual(1);
  }
});

test("an axis by powers of ten begins with 0, and 1 is above it", () => {
  const axis = powers(2000);
  expect(axis.ticks.map(({ text }) => text)).toEqual(["0", "1", "10", "100", "1\u202f000"]);
  expect(axis.place(0)).toBe(0);
  expect(axis.place(1)).toBeGreaterThan(0.05);
  expect(axis.place(2000)).toBe(1);
});

test("factors go from 1 to the last", () => {
  const axis = factors(32, 2);
  expect(axis.ticks.map(({ text }) => text)).toEqual(["1", "2", "4", "8", "16", "32"]);
  expect([axis.place(1), axis.place(32)]).toEqual([0, 1]);
});

test("of many bars only some have names", () => {
  expect(slots(8, String).ticks).toHaveLength(8);
  const named = slots(96, String).ticks;
  expect(named.length).toBeLessThanOrEqual(12);
  expect(named[1]).toEqual({ at: 8.5 / 96, text: "8" });
});
