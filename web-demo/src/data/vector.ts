// Figures of one vector, and the vector as other programs want it.
import { stringify } from "./stringify";

export interface Figures {
  norm: number;
  least: number;
  greatest: number;
  mean: number;
  zeros: number;
  /** Components that are NaN or infinite. */
  notFinite: number;
}

/** Norm, range and oddities. */
export function figures(values: Float32Array): Figures {
  let [square, sum, least, greatest, zeros, notFinite] = [0, 0, Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) {
      notFinite += 1;
      continue;
    }
    square += value * value;
    sum += value;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
    if (value === 0) zeros += 1;
  }
  const finite = values.length - notFinite;
  return { norm: Math.sqrt(square), least, greatest, mean: finite === 0 ? NaN : sum / finite, zeros, notFinite };
}

/** The shortest digits that give the same float32 again. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  for (let precision = 1; precision < 10; precision += 1) {
    const text = value.toPrecision(precision);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}

/** Source text of a NumPy array. */
export function numpy(values: Float32Array): string {
  const names: Readonly<Record<string, string>> = { NaN: "np.nan", Infinity: "np.inf", "-Infinity": "-np.inf" };
  const text = Array.from(values, (value) => names[digits(value)] ?? digits(value));
  return `np.array([${text.join(", ")}], dtype=np.float32)`;
}

/** JSON of an id and its vector; what is no number in JSON is a string. */
export function json(id: bigint, values: Float32Array): string {
  const text = Array.from(values, (value) => (Number.isFinite(value) ? digits(value) : `"${digits(value)}"`));
  return `{"id":${stringify(id)},"vector":[${text.join(",")}]}`;
}
