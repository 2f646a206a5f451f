// How far the open file is checked, and what was found. It can be stopped and gone on with at any chunk.
import { createSignal } from "solid-js";
import type { Verification } from "../data/json";
import { ask, Fault } from "../worker/client";
import { DAMAGED, INTACT, type Opened, type Progress } from "../worker/protocol";

export type Phase = "unchecked" | "running" | "stopped" | "done" | "failed";

/** A point of the throughput curve: seconds into the run, bytes a second. */
export interface Pace {
  at: number;
  /** Bytes checked until then. */
  bytes: number;
  rate: number;
}

const [phase, setPhase] = createSignal<Phase>("unchecked");
const [bytes, setBytes] = createSignal(0);
const [elapsed, setElapsed] = createSignal(0);
const [pace, setPace] = createSignal<readonly Pace[]>([]);
const [report, setReport] = createSignal<Verification>();
const [fault, setFault] = createSignal<Fault>();
const [tally, setTally] = createSignal({ intact: 0, damaged: 0 });
export { bytes, elapsed, fault, pace, phase, report, tally };

/** First byte in the file and length of each chunk, in pairs; undefined until it is known. */
const [chunks, setChunks] = createSignal<Float64Array>();
export { chunks };

/** The state of each chunk; it changes in place, and `tally` says when. */
let states = new Uint8Array(0);
export const chunkStates = (): Uint8Array => states;

let stopping = new AbortController();
/** Another one for each file that is opened; what is said of an earlier one comes too late. */
let file = {};
let before = 0;

/** The pace of the last seconds, in bytes a second; 0 while nothing runs. */
export const rate = (): number => pace().at(-1)?.rate ?? 0;

/** Forgets what was checked: another file is opened. */
export function forget(): void {
  stopping.abort();
  stopping = new AbortController();
  file = {};
  states = new Uint8Array(0);
  setChunks(undefined);
  before = 0;
  setPhase("unchecked");
  setBytes(0);
  setElapsed(0);
  setPace([]);
  setReport(undefined);
  setFault(undefined);
  setTally({ intact: 0, damaged: 0 });
}

/** Finds out into which chunks the open file is cut. */
export async function prepare({ handle, inspection }: Opened): Promise<void> {
  if (chunks() || inspection.kind === "faiss") return;
  const now = file;
  try {
    const found = await ask("chunks", { handle });
    if (now !== file || chunks()) return;
    states = new Uint8Array(found.length / 2);
    setChunks(found);
  } catch (error) {
    if (now !== file) return;
    if (!(error instanceof Fault)) throw error;
    setFault(error);
  }
}

/** Checks what is not checked yet. */
export async function verify(opened: Opened): Promise<void> {
  if (phase() === "running" || phase() === "done") return;
  const now = file;
  const stop = (stopping = new AbortController());
  const isOver = (): boolean => stop !== stopping || stop.signal.aborted;
  const earlier = elapsed();
  before = bytes();
  setFault(undefined);
  setPhase("running");
  await prepare(opened);
  if (isOver()) return;
  // What was checked until a stop comes after it.
  const heard = (progress: Progress): void => {
    if (now === file) note(progress, earlier);
  };
  try {
    const found = await ask("verify", { handle: opened.handle }, { signal: stop.signal, onProgress: heard });
    if (stop !== stopping) return;
    if (found) setReport(found);
    setPhase(found ? "done" : "stopped");
  } catch (error) {
    if (isOver()) return;
    if (!(error instanceof Fault)) throw error;
    setFault(error);
    setPhase("failed");
  }
}

/** Stops at the next chunk. What is checked stays checked. */
export function stop(): void {
  if (phase() !== "running") return;
  stopping.abort();
  setPhase("stopped");
}

/** Takes in what the worker reports. */
function note({ bytes: now, elapsed: milliseconds, changed }: Progress, earlier: number): void {
  const found = { ...tally() };
  for (let at = 0; at + 1 < changed.length; at += 2) {
    const [number = 0, state = 0] = changed.subarray(at, at + 2);
    // Two runs, one that stops and the next, may both check the chunk between them.
    if (states[number] === state) continue;
    states[number] = state;
    if (state === INTACT) found.intact += 1;
    if (state === DAMAGED) found.damaged += 1;
  }
  const seconds = milliseconds / 1000;
  setBytes(now);
  setElapsed(earlier + seconds);
  setPace((points) => next(points, { at: earlier + seconds, bytes: now }, { at: earlier, bytes: before }));
  setTally(found);
}

/** Adds a point a tenth of a second, whose rate leans on the one before it so that it can be read. */
function next(points: readonly Pace[], now: { at: number; bytes: number }, start: { at: number; bytes: number }): readonly Pace[] {
  const last = points.at(-1);
  const since = last && last.at >= start.at ? last : undefined;
  const { at, bytes } = since ?? start;
  if (now.at - at < 0.1) return points;
  const rate = (now.bytes - bytes) / (now.at - at);
  return [...points.slice(-240), { ...now, rate: since ? 0.6 * rate + 0.4 * since.rate : rate }];
}
