import { expect, test } from "vitest";
import { colours, ofList, ramp, spread } from "./colours";
import { inLoop, inSight, isInside, nearest } from "./pick";
import { magnified, moved, pixelOf, placeOf, sightOfAll } from "./view";

const SIZE = { width: 400, height: 200 };
const POINTS = { x: [0, 10, 10, 0, 5], y: [0, 0, 10, 10, 5] };

test("all points are in sight at first, and up is up", () => {
  const sight = sightOfAll(POINTS, SIZE);
  expect(inSight(POINTS, sight, SIZE)).toEqual([0, 1, 2, 3, 4]);
  expect(pixelOf(sight, SIZE, 5, 5)).toEqual([200, 100]);
  expect(pixelOf(sight, SIZE, 5, 10)[1]).toBeLessThan(100);
});

test("one point, or none, has a sight too", () => {
  expect(sightOfAll({ x: [3], y: [4] }, SIZE)).toMatchObject({ x: 3, y: 4 });
  expect(sightOfAll({ x: [], y: [] }, SIZE).scale).toBeGreaterThan(0);
});

test("a place is found again from its pixel", () => {
  const sight = { x: 2, y: 3, scale: 7 };
  const [left, top] = pixelOf(sight, SIZE, 4, -1);
  expect(placeOf(sight, SIZE, left, top)).toEqual([4, -1]);
});

test("what is under the pointer stays there when it is magnified, within limits", () => {
  const all = sightOfAll(POINTS, SIZE);
  const at = [90, 30] as const;
  const nearer = magnified(all, SIZE, 3, all, at);
  expect(nearer.scale).toBeCloseTo(3 * all.scale);
  const [before, after] = [placeOf(all, SIZE, ...at), placeOf(nearer, SIZE, ...at)];
  expect(after[0]).toBeCloseTo(before[0]);
  expect(after[1]).toBeCloseTo(before[1]);
  expect(magnified(all, SIZE, 1e-9, all).scale).toBeGreaterThan(0.2 * all.scale);
  expect(magnified(all, SIZE, 1e9, all).scale).toBeLessThan(5000 * all.scale);
});

test("moving by pixels moves what is seen by as much", () => {
  const all = sightOfAll(POINTS, SIZE);
  const [left, top] = pixelOf(moved(all, 20, 10), SIZE, 5, 5);
  expect([left, top]).toEqual([220, 110]);
});

test("a loop has what is inside, also where it bends inwards", () => {
  const horseshoe = [
    [0, 0],
    [10, 0],
    [10, 10],
    [7, 10],
    [7, 3],
    [3, 3],
    [3, 10],
    [0, 10],
  ] as const;
  expect(isInside(horseshoe, 5, 1)).toBe(true);
  expect(isInside(horseshoe, 5, 6)).toBe(false);
  expect(isInside(horseshoe, 1, 9)).toBe(true);
  expect(inLoop(POINTS, [[4, 4], [6, 4], [6, 6], [4, 6]])).toEqual([4]);
  expect(inLoop(POINTS, [[0, 0], [10, 10]])).toEqual([]);
});

test("the nearest point is no further than the reach", () => {
  expect(nearest(POINTS, [9, 1], 2)).toBe(1);
  expect(nearest(POINTS, [7.5, 7.5], 1)).toBeUndefined();
});

test("neighbouring lists have colours of their own, and norms a ramp", () => {
  expect(new Set(Array.from({ length: 32 }, (_, list) => ofList(list, "light").join())).size).toBe(32);
  const shade = colours("norm", null, [1, 2, 3], "dark");
  expect([shade(0), shade(1), shade(2)]).toEqual([ramp(0, "dark"), ramp(0.5, "dark"), ramp(1, "dark")]);
  expect(colours("list", null, [1], "dark")(0)).toEqual(colours("none", null, [1], "dark")(0));
});

test("normalised vectors have one norm", () => {
  expect(spread([1, 0.9999999, 1.0000001]).areEqual).toBe(true);
  expect(spread([1, 1.01]).areEqual).toBe(false);
});
