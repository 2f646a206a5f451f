// The objects that the core reports, field for field as `docs/json.md` and `docs/cli.md` name them. Integers are
// numbers where a double holds them, and bigints where it does not.

/** An integer of the report: a bigint where a double would not be exact. */
export type Int = number | bigint;

/** A value of the report; a float that JSON has no number for is `"NaN"`, `"Infinity"` or `"-Infinity"`. */
export type Value = string | boolean | null | Int | readonly Value[];

export interface Fault {
  kind: string;
  at: Int;
  path: string;
  message: string;
}

export interface StoredArray {
  name: string;
  dtype: string;
  shape: readonly Int[];
  offset: Int;
  bytes: Int;
}

/** One object of the FAISS stream; what only an index has is missing elsewhere. */
export interface IndexRecord {
  class: string;
  fourcc: string | null;
  offset: Int;
  bytes: Int;
  d?: Int | null;
  ntotal?: Int | null;
  metric?: Int | null;
  metric_name?: string | null;
  metric_arg?: number | string | null;
  is_trained?: boolean | null;
  params: Readonly<Record<string, Value>>;
  arrays: readonly StoredArray[];
  children: readonly { role: string; index: IndexRecord }[];
}

export interface MemoryReport {
  bytes: Int;
  bytes_per_vector: number | null;
  portions: readonly { what: string; bytes: Int; estimate: boolean }[];
}

export interface ListsReport {
  path: string;
  nlist: Int;
  entries: Int;
  non_empty: Int;
  largest: Int;
  imbalance: number | null;
  side_file: string | null;
}

export interface IdsReport {
  kind: string;
  count: Int;
  min: Int | null;
  max: Int | null;
  duplicates: Int | null;
  first: Int | null;
  step: Int | null;
}

export interface Fidelity {
  level: string;
  runs: readonly { first: Int; rows: Int; level: string; strategy: string }[];
}

export interface Note {
  code: string;
  level: string;
  text: string;
}

export interface AttachmentReport {
  name: string;
  media_type: string;
  bytes: Int;
}

/** What `faissil inspect --json` prints. Of bytes that are no index to this build, what describes one is missing. */
export interface Inspection {
  file: string;
  kind: "faiss" | "sealed" | "packed";
  size_bytes: Int;
  snapshot_digest: string | null;
  stream: { len: Int; blake3: string | null };
  as_recorded?: boolean;
  complete: boolean;
  fault: Fault | null;
  trailing?: { offset: Int; bytes: Int } | null;
  description?: string;
  factory?: string | null;
  faiss_version_min?: string;
  faiss_version_why?: { reason: string; path: string; offset: Int; only: boolean };
  class_chain?: readonly (string | null)[];
  fourcc_chain?: readonly string[];
  params?: Readonly<Record<string, Value>>;
  memory?: MemoryReport;
  lists?: readonly ListsReport[];
  index: IndexRecord | null;
  ids?: IdsReport | null;
  fidelity: Fidelity;
  metadata: Readonly<Record<string, string>>;
  attachments: readonly AttachmentReport[];
  notes: readonly Note[];
}

export interface Damage {
  span: { offset: Int; bytes: Int };
  path: string;
  ids_lost: { count: Int; ids: readonly Int[] };
  reason: string;
}

/** What `faissil verify --json` prints. */
export interface Verification {
  file: string;
  kind: string;
  ok: boolean | null;
  bytes: Int;
  chunks: Int;
  snapshot_digest: string | null;
  stream: { len: Int; blake3: string | null };
  warnings: readonly string[];
  damage: readonly Damage[];
}

/** One stretch of the stream that means one thing, as `faissil dump --json` prints it. */
export interface Part {
  offset: Int;
  bytes: Int;
  path: string;
  kind: "value" | "count" | "array" | "lists" | "trailing";
  dtype: string | null;
  shape: readonly Int[] | null;
  value: Value;
}
