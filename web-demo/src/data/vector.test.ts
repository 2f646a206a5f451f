import { expect, test } from "vitest";
import { digits, figures, json, numpy } from "./vector";

test("digits give the same float32 again", () => {
  for (const value of Float32Array.of(0.1, 1 / 3, 16777216, 1e-40, -3.4028235e38, 0)) expect(Math.fround(Number(digits(value)))).toBe(value);
  expect(digits(Math.fround(0.1))).toBe("0.1");
});

test("figures leave out what is not finite, and say so", () => {
  expect(figures(Float32Array.of(3, NaN, -4, 0))).toEqual({ norm: 5, least: -4, greatest: 3, mean: -1 / 3, zeros: 1, notFinite: 1 });
});

test("copies are source text and JSON", () => {
  expect(numpy(Float32Array.of(0.5, NaN))).toBe("np.array([0.5, np.nan], dtype=np.float32)");
  expect(json(9007199254740993n, Float32Array.of(1, Infinity))).toBe('{"id":9007199254740993,"vector":[1,"Infinity"]}');
});
