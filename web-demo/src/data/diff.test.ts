import { expect, test } from "vitest";
import { diff } from "./diff";

test("ids of one side, of the other, and of both", () => {
  expect(diff(BigInt64Array.of(3n, -1n, 2n, 2n), BigInt64Array.of(2n, 9n, 3n))).toEqual({
    common: 2,
    onlyFirst: { count: 1, ids: [-1n] },
    onlySecond: { count: 1, ids: [9n] },
  });
});

test("an empty side", () => {
  expect(diff(new BigInt64Array(0), BigInt64Array.of(1n)).onlySecond.count).toBe(1);
  expect(diff(new BigInt64Array(0), new BigInt64Array(0)).common).toBe(0);
});
