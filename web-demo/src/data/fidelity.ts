// The fidelity of rows, where a snapshot records it in runs.
import { count } from "./format";
import type { Fidelity } from "./json";

export type Run = Fidelity["runs"][number];

/** Its rows, as the native command has them: the end is the first row behind it. */
export const rowsOf = ({ first, rows }: Run): string => `${count(first)}..${count(BigInt(first) + BigInt(rows))}`;

/** The run that a row is in. */
export function runOf({ runs }: Fidelity, row: number): Run | undefined {
  const at = BigInt(row);
  return runs.find(({ first, rows }) => BigInt(first) <= at && at < BigInt(first) + BigInt(rows));
}
