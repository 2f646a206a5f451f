// What looking at an index will read, before it is read.
import type { HealthPlan } from "faissil";

/** A sample of rows: so many runs of neighbours. */
export interface Runs {
  runs: number;
  bytes: number;
}

/** Files on the web are read in pages of so many bytes at least. */
const PAGE = 32 * 1024;

/**
 * Bytes that are read at most: each run reads the pages that it touches, and of a snapshot whole chunks, since a digest is of
 * a whole chunk. Without digests a chunk has no length.
 */
export function mostRead(parts: readonly Runs[], chunk: number, file: number): number {
  const all = parts.reduce((sum, { runs, bytes }) => sum + (bytes === 0 ? 0 : bytes + 2 * runs * Math.max(PAGE, chunk)), 0);
  return Math.min(all, Math.max(file, parts.reduce((sum, { bytes }) => sum + bytes, 0)));
}

/** The same for a plan: what is not sampled is one run. */
export const costOf = (plan: HealthPlan, chunk: number, file: number): number =>
  mostRead(
    plan.parts.map(({ coverage, bytes_most }) => ({ runs: coverage.sample?.runs ?? 1, bytes: bytes_most })),
    chunk,
    file,
  );

/** The length of a chunk, from the table of them; 0 without one. */
export const chunkLength = (chunks: Float64Array | undefined): number => chunks?.[1] ?? 0;
