// Where a row's vector lies, for indexes that keep rows one after the other.
import { count } from "./format";
import type { IndexRecord } from "./json";

export interface RowPlace {
  path: string;
  offset: number;
  bytes: number;
  /** In which chunks, where the boundaries are known. */
  chunks?: string;
}

/** The place of a row in the storage of an index; undefined where rows lie in lists. */
export function placeOf(index: IndexRecord, row: number, chunks: Float64Array | undefined): RowPlace | undefined {
  let [record, path]: [IndexRecord, string] = [index, ""];
  for (;;) {
    const inside = ["refine_index", "index", "storage", "base_index"].map((each) => record.children.find(({ role }) => role === each)).find(Boolean);
    const codes = record.arrays.find(({ name, shape }) => (name === "codes" || name === "xb") && Number(shape[0]) === Number(record.ntotal));
    const prefix = path === "" ? "" : `${path}.`;
    if (codes && Number(record.ntotal) > 0) {
      const bytes = Number(codes.bytes) / Number(record.ntotal);
      const offset = Number(codes.offset) + row * bytes;
      const touched = chunks && chunksOf(chunks, offset, bytes);
      return Number.isInteger(bytes) ? { path: `${prefix}${codes.name}`, offset, bytes, ...(touched === undefined ? {} : { chunks: touched }) } : undefined;
    }
    if (!inside) return undefined;
    [record, path] = [inside.index, `${prefix}${inside.role}`];
  }
}

/** `chunk 3`, or `chunks 3 and 4` for what lies across a boundary. */
function chunksOf(chunks: Float64Array, offset: number, bytes: number): string | undefined {
  const holding = (at: number): number => {
    for (let chunk = 0; 2 * chunk < chunks.length; chunk += 1) {
      const start = chunks[2 * chunk] ?? 0;
      if (start <= at && at < start + (chunks[2 * chunk + 1] ?? 0)) return chunk;
    }
    return -1;
  };
  const [first, last] = [holding(offset), holding(offset + bytes - 1)];
  if (first < 0 || last < 0) return undefined;
  return first === last ? `chunk ${count(first)}` : `chunks ${count(first)} and ${count(last)}`;
}
