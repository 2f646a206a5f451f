import { expect, test } from "vitest";
import { Scroller } from "./scroller";

test("a short list is scrolled by its pixels", () => {
  const scroller = new Scroller(1000, 24, 480);
  expect(scroller.height).toBe(24_000);
  expect(scroller.scrolled(240)).toBeCloseTo(10);
  expect(scroller.to(900)).toBe(900);
  expect(scroller.place).toBeCloseTo(900 * 24);
});

test("a list of 100 million rows reaches its first and last row", () => {
  const scroller = new Scroller(100_000_000, 24, 480);
  expect(scroller.isScaled).toBe(true);
  expect(scroller.scrolled(0)).toBe(0);
  expect(scroller.scrolled(scroller.height - 480)).toBe(100_000_000 - 20);
  expect(scroller.to(99_999_999)).toBe(100_000_000 - 20);
});

test("a wheel moves a tall list by pixels, a dragged bar by shares", () => {
  const scroller = new Scroller(100_000_000, 24, 480);
  scroller.to(50_000_000);
  expect(scroller.scrolled(scroller.place + 240)).toBeCloseTo(50_000_010);
  const half = (scroller.height - 480) / 4;
  expect(scroller.scrolled(half)).toBeCloseTo((100_000_000 - 20) / 4, 0);
});

test("a list that fits is not scrolled", () => {
  expect(new Scroller(3, 24, 480).scrolled(0)).toBe(0);
  expect(new Scroller(3, 24, 480).to(2)).toBe(0);
});
