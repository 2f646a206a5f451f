// Everything that page and worker say to each other. The page asks, the worker answers once, and reports progress
// in between; both ends are checked against this one table.
import type { Health, HealthPlan, HealthSection, VectorMap, Vectors } from "faissil";
import type { Inspection, Part, Verification } from "../data/json";
import type { SampleOf } from "../data/sample";

/** Where an index file is; on the web, where the file with its inverted lists is too. Addresses are absolute. */
export type Source = { file: File } | { url: string; side?: string | undefined };

/** What is known of a file as soon as it is open. */
export interface Opened {
  /** Names this file in later calls. */
  handle: number;
  inspection: Inspection;
}

/** The state of a chunk. */
export const UNCHECKED = 0;
export const INTACT = 1;
export const DAMAGED = 2;

export interface Progress {
  /** Bytes checked since the file was opened, in this and earlier runs. */
  bytes: number;
  /** Milliseconds this run has taken. */
  elapsed: number;
  /** Pairs of chunk number and state, of those that changed. */
  changed: Uint32Array;
}

/** A row, and where it stands in inverted lists. */
export interface Place {
  row: number;
  list: number | null;
  offset: number | null;
}

/** Float32 rows with their ids. */
export interface Rows {
  d: number;
  /** Whether they are the vectors that were added or what codes decode to; or the bits of a binary index. */
  fidelity: Vectors["fidelity"] | "bits";
  ids: BigInt64Array;
  values: Float32Array;
}

/** Each call: what is asked, what comes back, and what is reported meanwhile. */
export interface Calls {
  open: { ask: { source: Source; side?: File }; answer: Opened; progress: never };
  close: { ask: { handle: number }; answer: null; progress: never };
  /** First byte in the file and length of each chunk, in pairs; empty without digests. */
  chunks: { ask: { handle: number }; answer: Float64Array; progress: never };
  /** Checks what is not checked yet; null when it was stopped before the end. */
  verify: { ask: { handle: number }; answer: Verification | null; progress: Progress };
  /** Where each part of the stream lies, and what it says. */
  parts: { ask: { handle: number }; answer: readonly Part[]; progress: never };
  /** Bytes of the stream. */
  bytes: { ask: { handle: number; offset: number; length: number }; answer: Uint8Array; progress: never };
  ids: { ask: { handle: number; first: number; count: number }; answer: BigInt64Array; progress: never };
  /** Where an id is. */
  find: { ask: { handle: number; id: bigint }; answer: readonly Place[]; progress: never };
  vectors: { ask: { handle: number; first: number; count: number }; answer: Rows; progress: never };
  /** Reads an attachment as a table of ids and texts; how many it has, or null when it is none. */
  names: { ask: { handle: number; attachment: string }; answer: number | null; progress: never };
  /** The texts of these ids, empty where there is none. */
  namesOf: { ask: { handle: number; ids: BigInt64Array }; answer: readonly string[]; progress: never };
  /** Ids whose text has all these words. */
  idsNamed: { ask: { handle: number; words: string; most: number }; answer: readonly { id: bigint; name: string }[]; progress: never };
  /** The beginning of an attachment as text, JSON with line breaks; null when it is no text. */
  preview: { ask: { handle: number; attachment: string }; answer: { text: string; isCut: boolean } | null; progress: never };
  /** Which ids only one of two files has. */
  diffIds: { ask: { handle: number; other: number; rows: number; otherRows: number }; answer: IdDiff; progress: never };
  attachment: { ask: { handle: number; name: string }; answer: Uint8Array; progress: never };
  /** What would be looked at, and how many bytes that reads. */
  healthPlan: { ask: { handle: number; sample: SampleOf }; answer: HealthPlan; progress: never };
  /** How the index is doing: each part as soon as it is there, then all of them. */
  health: { ask: { handle: number; sample: SampleOf }; answer: Health; progress: { share: number } | { section: HealthSection } };
  /** Its vectors in two dimensions, or a sample of them. */
  map: { ask: { handle: number; sample: SampleOf }; answer: VectorMap; progress: { share: number } };
}

/** Ids that one of two files has and the other has not, the first few of them by value. */
export interface IdDiff {
  common: number;
  onlyFirst: { count: number; ids: readonly bigint[] };
  onlySecond: { count: number; ids: readonly bigint[] };
}

export type Op = keyof Calls;
export type Ask<O extends Op> = Calls[O]["ask"];
export type Answer<O extends Op> = Calls[O]["answer"];
export type ProgressOf<O extends Op> = Calls[O]["progress"];

/** An error on its way to the page. */
export interface Failure {
  kind: string;
  at: number;
  path: string;
  message: string;
}

export type ToWorker = { [O in Op]: { call: number; op: O; ask: Ask<O> } }[Op] | { stop: number };

export type ToPage =
  | { call: number; answer: Answer<Op> }
  | { call: number; failure: Failure }
  | { call: number; progress: ProgressOf<Op> }
  /** Bytes and requests since the file was opened, for the meter. */
  | { handle: number; fetched: { requests: number; bytes: number } };
