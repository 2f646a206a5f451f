// What a bench hands over: rows of the table, and the files that it is measured on.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

const { FAISSIL_BENCH_FILES, FAISSIL_BENCH_ROWS } = process.env;
if (!FAISSIL_BENCH_FILES || !FAISSIL_BENCH_ROWS) throw new Error("run `cargo xtask bench --web`");
const [folder, rows] = [FAISSIL_BENCH_FILES, FAISSIL_BENCH_ROWS];

/** A file that was made for the bench. */
export const at = (name: string): string => join(folder, name);

/** A line: what it is, our figure, a rival's, and the bound with whether it is the most or the least. */
export function row(what: string, ours: number, unit: string, bound?: readonly ["≤" | "≥", number], rival = ""): void {
  const isMissed = bound !== undefined && (bound[0] === "≤" ? ours > bound[1] : ours < bound[1]);
  const promised = bound === undefined ? "" : `${bound[0]} ${bound[1]} ${unit}`;
  const cells = [what, `${shown(ours)} ${unit}${isMissed ? " (missed)" : ""}`, rival, "", promised];
  appendFileSync(rows, `${cells.join("\t")}\n`);
}

export const shown = (value: number): string => (value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** The median of a few turns, after one that does not count. */
export async function turns(count: number, turn: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  for (let each = 0; each <= count; each++) {
    const time = await turn();
    if (each > 0) taken.push(time);
  }
  return median(taken);
}
