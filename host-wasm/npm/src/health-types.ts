/**
 * What `faissil health`, `faissil health --plan` and `faissil map` say with `--json`, field for field. `docs/health.md` explains
 * the measures, `docs/cli.md` every field.
 */
import type { Fault } from './types.js'

/** `faissil health --json`: how an index is doing. */
export interface Health {
  file: string
  description: string
  /** Whether the stream could be followed to its end, and why not. */
  complete: boolean
  fault: Fault | null
  options: SampleSize
  /** The worst state of all measures; `damage` also where damage kept a part from being looked at. */
  state: HealthState
  sections: HealthSection[]
}

/** `figure` is not judged, `unknown` could not be measured, `damage` contradicts the index itself. From good to bad: */
export type HealthState = 'figure' | 'good' | 'unknown' | 'warning' | 'damage'

/** Lists, a graph, vectors (exact or decoded), ids, or codes. */
export type HealthPart = 'lists' | 'graph' | 'vectors' | 'ids' | 'codes'

/** How much was looked at. */
export interface SampleSize {
  rows: number
  bytes: number
  runs: number
  seed: number | bigint
  /** Up to so many bytes everything is read instead of a sample. */
  whole: number | bigint
}

/** What was looked at, of how many. */
export interface Coverage {
  tag: 'complete' | 'sampled' | 'none'
  unit: 'rows' | 'lists' | 'nodes'
  looked_at: number
  of: number
  /** One run of neighbouring rows at a random place in each of so many equal parts of the index. */
  sample: { seed: number | bigint; runs: number; run_rows: number } | null
}

/** What was found in a part. */
export type HealthSection = {
  /** The record that holds it: `quantizer.storage`; empty at the top. */
  path: string
  class: string
  coverage: Coverage
  /** Why nothing was found. */
  omitted: string | null
  measures: Measure[]
} & (
  | { part: 'lists'; detail: ListsDetail | null }
  | { part: 'graph'; detail: GraphDetail | null }
  | { part: 'vectors'; detail: VectorsDetail | null }
  | { part: 'ids'; detail: IdsDetail | null }
  | { part: 'codes'; detail: CodesDetail | ScalarDetail | null }
)

/** A measure, with all that is needed to judge it. */
export interface Measure {
  /** Its name, which does not change. */
  code: string
  value: number | bigint | null
  state: HealthState
  /** A sentence with the numbers. */
  says: string
  definition: string
  /** From where on it is bad; null for what is not judged. */
  threshold: string | null
  source: string
}

/** How entries are spread over inverted lists. */
export interface ListsDetail {
  nlist: number
  entries: number
  empty: number
  largest_size: number
  mean_size: number
  nprobe: number | null
  /** FAISS's imbalance factor. */
  imbalance: number | null
  /** Lists by size, in classes that double. */
  histogram: { from: number; to: number; count: number; entries: number }[]
  /** Sizes by rank, largest first; a choice of ranks where there are many. */
  ranks: { rank: number; size: number }[]
  /** The 20 largest. */
  largest: { list: number; entries: number }[]
  /** What a query visits. */
  scanned: { nprobe: number; share: number; entries: number }[]
}

/** How the nodes of a graph are linked. */
export interface GraphDetail {
  kind: 'HNSW' | 'NSG'
  nodes: number
  entry_point: number
  max_level: number | null
  levels: { level: number; nodes: number; expected: number | null; on_level: number }[]
  /** `histogram[n]` nodes of the level have n links. */
  degrees: { level: number; room: number; nodes: number; links: number; histogram: number[] }[]
  links_out_of_range: number
  links_to_itself: number
  links_below: number | null
  nodes_misplaced: number
  /** Nodes to which no path leads from the entry point, on level 0. */
  unreachable: number | null
  /** Those to which none leads from any node above either. */
  unreachable_at_all: number | null
  /** The first 100 of them. */
  unreachable_rows: number[]
}

/** Vectors in numbers. */
export interface VectorsDetail {
  /** Whether they are the vectors that were added, or what codes decode to. */
  fidelity: 'exact vectors' | 'decoded vectors'
  d: number
  metric_name: string | null
  nan: number
  infinite: number
  zero: number
  unit: number
  /** L2 norms of those whose values are all finite. */
  norm: { min: number; max: number; mean: number; std: number; quantiles: { q: number; norm: number }[] } | null
  histogram: { from: number; to: number; count: number }[]
  /** The first 100 that stand out. */
  odd_rows: { row: number; what: 'nan' | 'infinite' | 'zero' }[]
}

/** Ids in numbers. */
export interface IdsDetail {
  count: number
  duplicates: number | null
  min: bigint | null
  max: bigint | null
}

/** How codes are used, by sub-quantizer, codebook or bit. */
export interface CodesDetail {
  kind: 'product' | 'additive' | 'bits'
  code_size: number
  subs: { sub: number; bits: number; used: number; expected: number; perplexity: number; top_code: number; top_share: number }[]
}

/** How the codes of a scalar quantizer fill their range. */
export interface ScalarDetail {
  qtype: string
  bits: number
  d: number
  low: number
  high: number
  constant: number
  /** Dimensions by the share of codes at an end, in classes up to 0, 0.001, 0.01, 0.1 and 1. */
  high_histogram: number[]
  low_histogram: number[]
  worst: { dimension: number; low: number; high: number }[]
}

/** `faissil health --plan`: what would be looked at, and how many bytes that reads. */
export interface HealthPlan {
  file: string
  options: SampleSize
  bytes: number
  bytes_most: number
  parts: {
    part: HealthPart
    path: string
    class: string
    coverage: Coverage
    /** Bytes that will be asked for, as far as is known; chunks that are checked are read whole. */
    bytes: number
    bytes_most: number
    omitted: string | null
  }[]
}

/** `faissil map --json`: vectors along their two principal components. The arrays have an entry for each point, in the order of rows. */
export interface VectorMap {
  file: string
  coverage: Coverage
  /** Whether they are the vectors that were added, or what codes decode to. */
  fidelity: 'exact vectors' | 'decoded vectors'
  d: number
  /** Rows with a value that is not finite. */
  left_out: number
  variance: number
  explained: [number, number]
  explained_share: [number, number]
  iterations: number
  /** How far the axes are from eigenvectors. */
  residual: number | null
  row: number[]
  x: number[]
  y: number[]
  norm: number[]
  /** The inverted list of each; null outside lists. */
  list: number[] | null
}
