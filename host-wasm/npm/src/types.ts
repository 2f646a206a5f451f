/**
 * The JSON of the command, field for field, as `docs/json.md` and `docs/cli.md` explain it.
 * Places and lengths are numbers; ids are bigints.
 */

/** `faissil inspect --json`. */
export interface Inspection {
  file: string
  kind: 'faiss' | 'sealed' | 'packed'
  size_bytes: number
  snapshot_digest: string | null
  stream: { len: number; blake3: string | null }
  as_recorded: boolean
  complete: boolean
  fault: Fault | null
  trailing: Place | null
  faiss_version_min: string
  faiss_version_why: { reason: string; path: string; offset: number; only: boolean }
  description: string
  factory: string | null
  class_chain: (string | null)[]
  fourcc_chain: string[]
  params: Record<string, Value>
  index: Node
  lists: ListBalance[]
  ids: Ids | null
  memory: { bytes: number; bytes_per_vector: number | null; portions: { what: string; bytes: number; estimate: boolean }[] }
  fidelity: Fidelity
  metadata: Record<string, string>
  attachments: Attachment[]
  notes: Remark[]
}

/** A snapshot whose bytes are no index to this build: what it says of itself. */
export interface Opaque
  extends Pick<Inspection, 'file' | 'kind' | 'size_bytes' | 'snapshot_digest' | 'stream' | 'fidelity' | 'metadata' | 'attachments' | 'notes'> {
  complete: false
  fault: Fault
  index: null
}

/** A stored or derived value; a bigint where a double cannot hold it. */
export type Value = string | number | bigint | boolean | null | Value[]

/** Why something could not be followed to its end. */
export interface Fault {
  kind: string
  at: number
  path: string
  message: string
}

/** Bytes in the file. */
export interface Place {
  offset: number
  bytes: number
}

/** An object of the stream. */
export interface Node {
  class: string
  fourcc: string | null
  offset: number
  bytes: number
  d: number | null
  ntotal: number | null
  metric: number | null
  metric_name: string | null
  metric_arg: number | null
  is_trained: boolean | null
  params: Record<string, Value>
  arrays: ArrayPlace[]
  children: { role: string; index: Node }[]
}

/** A stored array. */
export interface ArrayPlace extends Place {
  name: string
  dtype: 'u8' | 'i32' | 'i64' | 'u64' | 'f32' | 'f64'
  shape: number[]
}

/** How entries are spread over inverted lists. */
export interface ListBalance {
  path: string
  nlist: number
  entries: number
  non_empty: number
  largest: number
  imbalance: number | null
  side_file: string | null
}

/** What the external ids look like. */
export interface Ids {
  kind: 'none' | 'sequential' | 'stride' | 'sorted' | 'arbitrary'
  count: number
  min: bigint | null
  max: bigint | null
  duplicates: number | null
  first: bigint | null
  step: bigint | null
}

/** How close what is kept comes to what was added. */
export interface Fidelity {
  level: Level
  runs: { first: number; rows: number; level: Level; strategy: string }[]
}

export type Level = 'exact bytes' | 'exact vectors' | 'decoded vectors' | 'partial' | 'placeholder'

/** An attached file. */
export interface Attachment {
  name: string
  media_type: string
  bytes: number
}

/** A warning or a remark. */
export interface Remark {
  code: string
  level: 'warning' | 'note'
  text: string
}

/** `faissil verify --json`. */
export interface Verification {
  file: string
  kind: 'faiss' | 'sealed' | 'packed' | 'unreadable'
  /** Whether nothing is wrong; null where there is nothing to verify against. */
  ok: boolean | null
  bytes: number
  chunks: number
  snapshot_digest: string | null
  stream: { len: number; blake3: string | null }
  damage: Damage[]
  warnings: string[]
}

/** Something that is not as it was recorded. */
export interface Damage {
  span: Place
  /** What lies there, the largest part first. */
  path: string
  ids_lost: { count: number; ids: bigint[] }
  reason: string
}

/** `faissil ids --id --json`: where an id is. */
export interface FoundId {
  id: bigint
  /** How many rows have it. */
  count: number
  /** Where; the first 16,384 of them. */
  places: { row: number; list: number | null; offset: number | null }[]
}

/** Vectors, exact or decoded, ascending by row. */
export interface Vectors {
  /** Dimensions. */
  d: number
  /** Whether they are the vectors that were added, or what codes decode to. */
  fidelity: 'exact vectors' | 'decoded vectors'
  /** The row of each. */
  rows: number[]
  /** The id of each. */
  ids: BigInt64Array
  /** `d` values for each; none of a binary index. */
  values: Float32Array
  /** Of a binary index, `d / 8` bytes for each, the lowest bit first; else none. */
  bits: Uint8Array
}

/** A part of the stream, as `faissil dump --json` has it. */
export interface Part extends Place {
  path: string
  kind: 'value' | 'count' | 'array' | 'lists' | 'trailing'
  dtype: ArrayPlace['dtype'] | null
  shape: number[] | null
  value: Value
}
