// Places on the axes of a chart, and where they are named.
import { count } from "../format";
import type { Tick } from "./panel";

/** An axis from 0 to some number, in steps that people count in. */
export interface Scale {
  place: (value: number) => number;
  ticks: readonly Tick[];
}

/** From 0 to `most` at least, with three or four names on it. */
export function linear(most: number, text: (value: number) => string = whole): Scale {
  const step = stepOf(most);
  const end = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, at) => at * step);
  return { place: (value) => value / end, ticks: ticks.map((value) => ({ at: value / end, text: text(value) })) };
}

/** From 0 to `most` at least, by powers of ten; 0 has a place too, since this is log(1 + value). */
export function powers(most: number): Scale {
  const end = Math.log1p(Math.max(1, most));
  const place = (value: number): number => Math.log1p(value) / end;
  const values = [0];
  for (let value = 1; value <= most; value *= 10) values.push(value);
  return { place, ticks: values.map((value) => ({ at: place(value), text: whole(value) })) };
}

/** From 1 to `most`, by factors, for ranks and numbers of lists. */
export function factors(most: number, factor: number): Scale {
  const end = Math.log(Math.max(2, most));
  const place = (value: number): number => Math.log(value) / end;
  const values = [];
  for (let value = 1; value <= most; value *= factor) values.push(value);
  return { place, ticks: values.map((value) => ({ at: place(value), text: whole(value) })) };
}

/** Bars side by side: the middle of each, and names for at most so many of them. */
export function slots(number: number, text: (at: number) => string, most = 12): Scale {
  const place = (at: number): number => (at + 0.5) / Math.max(1, number);
  const every = [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512].find((each) => number / each <= most) ?? Math.ceil(number / most);
  const named = Array.from({ length: Math.ceil(number / every) }, (_, at) => at * every);
  return { place, ticks: named.map((at) => ({ at: place(at), text: text(at) })) };
}

/** 1, 2 or 5 times a power of ten, a third to a fifth of a number. */
function stepOf(most: number): number {
  if (most <= 0) return 1;
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((each) => each * power >= rough * 0.999) ?? 10);
}

/** `0`, `200`, `1 000`, `20 k`, `3 M`. */
function whole(value: number): string {
  if (!Number.isInteger(value)) return value.toPrecision(2).replace(/\.?0+$/, "");
  if (value >= 1e6 && value % 1e5 === 0) return `${value / 1e6}\u00a0M`;
  if (value >= 1e4 && value % 1e2 === 0) return `${value / 1e3}\u00a0k`;
  return count(value);
}
