import { expect, test } from "vitest";
import { about, count, duration, float, hex, share, size } from "./format";

const plain = (text: string): string => text.replace(/[\u202f\u00a0]/g, " ");

test("integers are exact and grouped", () => {
  expect(plain(count(281394696492306))).toBe("281 394 696 492 306");
  expect(plain(count(-9223372036854775808n))).toBe("-9 223 372 036 854 775 808");
});

test.each([
  [0, "0 B"],
  [1023, "1 023 B"],
  [3448378, "3.3 MiB"],
  [2 ** 40, "1.0 TiB"],
])("%i bytes are %s", (bytes, text) => expect(plain(size(bytes))).toBe(text));

test("a share claims neither nothing nor all where that is not so", () => {
  expect(plain(share(1, 1e6))).toBe("< 0.1 %");
  expect(plain(share(999_999, 1e6))).toBe("> 99.9 %");
  expect(plain(share(1, 1))).toBe("100 %");
  expect(plain(share(0, 0))).toBe("0.0 %");
});

test("numbers of people, of clocks and of floats", () => {
  expect(plain(about(10_200_000))).toBe("10.2 M");
  expect(plain(about(2000))).toBe("2 000");
  expect(plain(duration(200))).toBe("3 min 20 s");
  expect(float(0.1)).toBe("0.1");
  expect(float(-0.0000123)).toBe("−1.23e-5");
  expect(float(NaN)).toBe("NaN");
  expect(hex(331023)).toBe("0x00050d0f");
});
