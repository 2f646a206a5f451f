import { expect, test } from "vitest";
import { mostRead } from "./cost";

const MIB = 1 << 20;

test("without digests each run reads the pages that it touches", () => {
  expect(mostRead([{ runs: 256, bytes: 4 * MIB }, { runs: 1, bytes: 100 }], 0, 1000 * MIB)).toBe(4 * MIB + 100 + 257 * 2 * 32768);
});

test("of a snapshot each run reads the chunks that it touches, and no more than there is", () => {
  expect(mostRead([{ runs: 4, bytes: 1000 }], MIB, 1000 * MIB)).toBe(1000 + 8 * MIB);
  expect(mostRead([{ runs: 256, bytes: 4 * MIB }], MIB, 100 * MIB)).toBe(100 * MIB);
  expect(mostRead([{ runs: 1, bytes: 0 }], MIB, 100 * MIB)).toBe(0);
});

test("links that are read again count each time", () => {
  expect(mostRead([{ runs: 1, bytes: 800 * MIB }], MIB, 100 * MIB)).toBe(800 * MIB);
});
