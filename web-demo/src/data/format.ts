// Numbers as people read them, in the words of the native command.
import type { Int, Value } from "./json";

const THIN = "\u202f";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** An integer in groups of three, exact: `3 448 378`. */
export function count(value: Int): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** A size with one decimal: `3.3 MiB`, `812 B`. */
export function size(bytes: Int): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit + 1 < UNITS.length) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${count(Math.round(value))}\u00a0B` : `${value.toFixed(1)}\u00a0${UNITS[unit] ?? ""}`;
}

/** A number of things in the sentence of a person: `10.2 M`, `2 000`. */
export function about(value: Int): string {
  const number = Number(value);
  if (number >= 1e9) return `${(number / 1e9).toFixed(1)}\u00a0G`;
  if (number >= 1e6) return `${(number / 1e6).toFixed(1)}\u00a0M`;
  return count(value);
}

/** One of many, without claiming 0 or 100 where that is not so: `< 0.1 %`. */
export function share(part: Int, whole: Int): string {
  const value = Number(whole) === 0 ? 0 : (100 * Number(part)) / Number(whole);
  if (value > 0 && value < 0.1) return "<\u202f0.1\u202f%";
  if (value > 99.9 && value < 100) return ">\u202f99.9\u202f%";
  return `${value.toFixed(value < 10 ? 1 : 0)}\u202f%`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)}\u00a0s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
  return `${Math.floor(whole / 3600)}\u00a0h ${Math.floor((whole % 3600) / 60)}\u00a0min`;
}

/** Bytes a second, in the unit that disks are sold in: `412 MB/s`. */
export function rate(bytesPerSecond: number): string {
  if (bytesPerSecond >= 1e9) return `${(bytesPerSecond / 1e9).toFixed(1)}\u00a0GB/s`;
  return `${(bytesPerSecond / 1e6).toFixed(bytesPerSecond < 1e7 ? 1 : 0)}\u00a0MB/s`;
}

/** `1 chunk`, `5 chunks`. */
export function plural(number: Int, one: string, many = `${one}s`): string {
  return `${count(number)}\u00a0${Number(number) === 1 ? one : many}`;
}

/** A byte position in hex, eight digits or more: `0x0005150f`. */
export function hex(offset: Int, digits = 8): string {
  return `0x${BigInt(offset).toString(16).padStart(digits, "0")}`;
}

/** A stored value as it is written in FAISS's terms. */
export function shown(value: Value): string {
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : float(value);
  if (typeof value === "bigint") return count(value);
  if (Array.isArray(value)) return `[${value.map((each) => shown(each as Value)).join(", ")}]`;
  return value === null ? "none" : String(value);
}

/** A float in at most seven significant digits, which is what 32 bits carry. */
export function float(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const text = Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4) ? value.toExponential(3) : value.toPrecision(6);
  return text.replace(/(\.\d*?)0+($|e)/, "$1$2").replace(/\.($|e)/, "$1").replace("-", "−");
}

const METRICS: Readonly<Record<string, string>> = {
  INNER_PRODUCT: "inner product",
  L2: "squared L2 distance",
  L1: "L1 distance",
  Linf: "L∞ distance",
};

/** FAISS's metric in words; those without a common word keep FAISS's name. */
export function metric(name: string | null | undefined, number: Int | null | undefined, isBinary: boolean): string {
  if (isBinary) return "Hamming distance";
  if (name) return METRICS[name] ?? name;
  return number == null ? "no metric" : `metric ${number.toString()}`;
}
